#include "plumb/client/diff.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "plumb/weights/safetensors.h"
#include "plumb/weights/weight_set.h"

namespace plumb {
namespace {

// Values compared at a time.
constexpr uint64_t kBlock = 1u << 16;

std::string TypeOf(const v1::Tensor& tensor) {
  return fmt::format("{}[{}]", tensor.dtype(), fmt::join(tensor.shape(), ","));
}

bool SameShape(const v1::Tensor& a, const v1::Tensor& b) {
  return std::equal(a.shape().begin(), a.shape().end(), b.shape().begin(), b.shape().end());
}

// A tensor's bytes in a mapped container, and how to read them.
struct TensorView {
  DType dtype;
  std::span<const uint8_t> bytes;
  uint64_t elements;
};

absl::StatusOr<TensorView> ViewOf(const SafetensorsFile& file, const std::string& name) {
  const TensorInfo* info = file.header().Find(name);
  if (info == nullptr) return NotFound(fmt::format("tensor {} is not in the file; pull the release again", name));
  return TensorView{info->dtype, file.Bytes(*info), info->element_count()};
}

// Fills the norms of `diff`; leaves them out for element types that are not floats.
absl::Status Measure(const TensorView& a, const TensorView& b, TensorDiff* diff) {
  if (a.elements != b.elements) return absl::OkStatus();
  std::vector<float> left(std::min(kBlock, a.elements));
  std::vector<float> right(left.size());
  double squares = 0;
  double base_squares = 0;
  double largest = 0;
  for (uint64_t first = 0; first < a.elements; first += kBlock) {
    size_t count = std::min(kBlock, a.elements - first);
    if (!DecodeToF32(a.dtype, a.bytes, first, {left.data(), count}).ok() ||
        !DecodeToF32(b.dtype, b.bytes, first, {right.data(), count}).ok()) {
      return absl::OkStatus();
    }
    for (size_t i = 0; i < count; ++i) {
      double delta = static_cast<double>(right[i]) - left[i];
      squares += delta * delta;
      base_squares += static_cast<double>(left[i]) * left[i];
      largest = std::max(largest, std::abs(delta));
    }
  }
  diff->has_norm = true;
  diff->difference_l2 = std::sqrt(squares);
  diff->difference_max = largest;
  if (squares == 0) {
    diff->relative_l2 = 0;
  } else {
    diff->relative_l2 = base_squares == 0 ? std::numeric_limits<double>::infinity() : std::sqrt(squares / base_squares);
  }
  return absl::OkStatus();
}

// Compares the tensors of one container that is on at least one side.
class ContainerDiff {
 public:
  ContainerDiff(const ReleaseFolder& a, const ReleaseFolder& b, std::string path, DiffResult* result)
      : a_(a), b_(b), path_(std::move(path)), result_(*result) {}

  absl::Status Run(const v1::File* a_file, const v1::File* b_file) {
    std::map<std::string, std::pair<const v1::Tensor*, const v1::Tensor*>> by_name;
    if (a_file != nullptr) {
      for (const v1::Tensor& tensor : a_file->tensors()) by_name[tensor.name()].first = &tensor;
    }
    if (b_file != nullptr) {
      for (const v1::Tensor& tensor : b_file->tensors()) by_name[tensor.name()].second = &tensor;
    }
    bool both = a_file != nullptr && b_file != nullptr && !by_name.empty();
    if (both && a_file->sha256() == b_file->sha256()) {
      result_.same_tensors += by_name.size();
      return absl::OkStatus();
    }
    if (both) PLUMB_RETURN_IF_ERROR(OpenBoth());
    for (const auto& [name, tensors] : by_name)
      PLUMB_RETURN_IF_ERROR(CompareTensor(name, tensors.first, tensors.second));
    return absl::OkStatus();
  }

 private:
  absl::Status OpenBoth() {
    for (auto [folder, file] : {std::pair(&a_, &a_container_), std::pair(&b_, &b_container_)}) {
      PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, folder->directory().OpenFile(path_));
      PLUMB_ASSIGN_OR_RETURN(SafetensorsFile opened, SafetensorsFile::FromFd(fd.get(), path_));
      *file = std::make_unique<SafetensorsFile>(std::move(opened));
    }
    return absl::OkStatus();
  }

  absl::Status CompareTensor(const std::string& name, const v1::Tensor* a, const v1::Tensor* b) {
    TensorDiff diff{.path = path_, .name = name};
    diff.kind = a == nullptr ? DiffKind::kAdded : b == nullptr ? DiffKind::kRemoved : DiffKind::kChanged;
    if (a != nullptr) diff.a_type = TypeOf(*a);
    if (b != nullptr) diff.b_type = TypeOf(*b);
    const v1::Tensor& sized = b != nullptr ? *b : *a;
    diff.bytes = sized.end() - sized.begin();
    if (diff.kind == DiffKind::kChanged) {
      PLUMB_ASSIGN_OR_RETURN(TensorView left, ViewOf(*a_container_, name));
      PLUMB_ASSIGN_OR_RETURN(TensorView right, ViewOf(*b_container_, name));
      if (diff.a_type == diff.b_type &&
          std::equal(left.bytes.begin(), left.bytes.end(), right.bytes.begin(), right.bytes.end())) {
        ++result_.same_tensors;
        return absl::OkStatus();
      }
      if (SameShape(*a, *b)) PLUMB_RETURN_IF_ERROR(Measure(left, right, &diff));
    }
    result_.tensors.push_back(std::move(diff));
    return absl::OkStatus();
  }

  const ReleaseFolder& a_;
  const ReleaseFolder& b_;
  std::string path_;
  DiffResult& result_;
  std::unique_ptr<SafetensorsFile> a_container_;
  std::unique_ptr<SafetensorsFile> b_container_;
};

}  // namespace

absl::StatusOr<DiffResult> DiffFolders(const ReleaseFolder& a, const ReleaseFolder& b, const Operation& operation) {
  std::map<std::string, std::pair<const v1::File*, const v1::File*>> by_path;
  for (const v1::File& file : a.manifest().manifest.files()) by_path[file.path()].first = &file;
  for (const v1::File& file : b.manifest().manifest.files()) by_path[file.path()].second = &file;
  DiffResult result;
  Progress progress{.phase = "diff", .item = {}, .done_bytes = 0, .total_bytes = TotalBytes(b.manifest().manifest)};
  for (const auto& [path, files] : by_path) {
    PLUMB_RETURN_IF_ERROR(operation.Check());
    auto [a_file, b_file] = files;
    bool same = a_file != nullptr && b_file != nullptr && a_file->sha256() == b_file->sha256();
    if (same) {
      ++result.same_files;
    } else {
      result.files.push_back({.path = path,
                              .kind = a_file == nullptr   ? DiffKind::kAdded
                                      : b_file == nullptr ? DiffKind::kRemoved
                                                          : DiffKind::kChanged,
                              .a_bytes = a_file == nullptr ? 0 : a_file->size_bytes(),
                              .b_bytes = b_file == nullptr ? 0 : b_file->size_bytes()});
    }
    PLUMB_RETURN_IF_ERROR(Annotate(ContainerDiff(a, b, path, &result).Run(a_file, b_file), path));
    progress.item = path;
    progress.done_bytes += b_file == nullptr ? 0 : b_file->size_bytes();
    operation.Report(progress);
  }
  return result;
}

}  // namespace plumb
