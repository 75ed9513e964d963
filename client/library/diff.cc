#include "plumb/client/diff.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "plumb/containers/file_roles.h"
#include "plumb/containers/open.h"
#include "plumb/weights/tensor_source.h"

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

// A tensor, and where it is read.
struct TensorView {
  const TensorSource* source;
  const SourceTensor* tensor;
};

absl::StatusOr<TensorView> ViewOf(const TensorSource& source, const std::string& name) {
  const SourceTensor* tensor = source.Find(name);
  if (tensor == nullptr) return NotFound(fmt::format("tensor {} is not in the file; pull the release again", name));
  return TensorView{&source, tensor};
}

// Whether two tensors of the same type and shape have the same bytes.
absl::StatusOr<bool> SameBytes(const TensorView& a, const TensorView& b) {
  const uint64_t size = a.tensor->size_bytes();
  if (size != b.tensor->size_bytes()) return false;
  std::vector<uint8_t> left(std::min(kBlock, size));
  std::vector<uint8_t> right(left.size());
  for (uint64_t first = 0; first < size; first += kBlock) {
    size_t count = std::min(kBlock, size - first);
    PLUMB_RETURN_IF_ERROR(a.source->ReadBytes(*a.tensor, first, std::span(left).first(count)));
    PLUMB_RETURN_IF_ERROR(b.source->ReadBytes(*b.tensor, first, std::span(right).first(count)));
    if (!std::equal(left.begin(), left.begin() + count, right.begin())) return false;
  }
  return true;
}

// Fills the norms of `diff`; leaves them out for element types that are no numbers.
absl::Status Measure(const TensorView& a, const TensorView& b, TensorDiff* diff) {
  const uint64_t elements = a.tensor->element_count();
  if (elements != b.tensor->element_count()) return absl::OkStatus();
  std::vector<float> left(std::min(kBlock, elements));
  std::vector<float> right(left.size());
  double squares = 0;
  double base_squares = 0;
  double largest = 0;
  for (uint64_t first = 0; first < elements; first += kBlock) {
    size_t count = std::min(kBlock, elements - first);
    if (!a.source->ReadF32(*a.tensor, first, {left.data(), count}).ok() ||
        !b.source->ReadF32(*b.tensor, first, {right.data(), count}).ok()) {
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
  // Leaves both out when one cannot be read by itself: a later part of a set, or external data.
  absl::Status OpenBoth() {
    absl::StatusOr<std::unique_ptr<TensorSource>> a = OpenTensorSource(a_.directory(), path_);
    absl::StatusOr<std::unique_ptr<TensorSource>> b = OpenTensorSource(b_.directory(), path_);
    if (absl::IsInvalidArgument(a.status()) && absl::IsInvalidArgument(b.status())) return absl::OkStatus();
    PLUMB_RETURN_IF_ERROR(a.status());
    PLUMB_RETURN_IF_ERROR(b.status());
    a_container_ = *std::move(a);
    b_container_ = *std::move(b);
    return absl::OkStatus();
  }

  absl::Status CompareTensor(const std::string& name, const v1::Tensor* a, const v1::Tensor* b) {
    TensorDiff diff{.path = path_, .name = name};
    diff.kind = a == nullptr ? DiffKind::kAdded : b == nullptr ? DiffKind::kRemoved : DiffKind::kChanged;
    if (a != nullptr) diff.a_type = TypeOf(*a);
    if (b != nullptr) diff.b_type = TypeOf(*b);
    const v1::Tensor& sized = b != nullptr ? *b : *a;
    diff.bytes = sized.end() - sized.begin();
    if (diff.kind == DiffKind::kChanged && a_container_ != nullptr) {
      PLUMB_ASSIGN_OR_RETURN(TensorView left, ViewOf(*a_container_, name));
      PLUMB_ASSIGN_OR_RETURN(TensorView right, ViewOf(*b_container_, name));
      if (diff.a_type == diff.b_type) {
        PLUMB_ASSIGN_OR_RETURN(bool same, SameBytes(left, right));
        result_.same_tensors += same ? 1 : 0;
        if (same) return absl::OkStatus();
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
  std::unique_ptr<TensorSource> a_container_;
  std::unique_ptr<TensorSource> b_container_;
};

// Paths of the files that have tensors.
std::set<std::string> ContainersOf(const ReleaseFolder& folder) {
  std::set<std::string> paths;
  for (const v1::File& file : folder.manifest().manifest.files()) {
    if (!file.tensors().empty() && !IsGolden(file.path())) paths.insert(file.path());
  }
  return paths;
}

}  // namespace

bool HaveSameLayout(const ReleaseFolder& a, const ReleaseFolder& b) {
  const std::set<std::string> a_paths = ContainersOf(a);
  const std::set<std::string> b_paths = ContainersOf(b);
  if (a_paths.empty() || b_paths.empty()) return true;
  return std::any_of(a_paths.begin(), a_paths.end(), [&](const std::string& path) { return b_paths.contains(path); });
}

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
