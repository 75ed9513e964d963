// What the tests of conversion share: small sources, and reading back what was written.
#ifndef PLUMB_TESTS_UNIT_CONVERT_CONVERT_TESTING_H_
#define PLUMB_TESTS_UNIT_CONVERT_CONVERT_TESTING_H_

#include <gmock/gmock.h>

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "plumb/base/status.h"
#include "plumb/containers/find_model.h"
#include "plumb/containers/open.h"
#include "plumb/convert/convert.h"
#include "plumb/gguf/dequantise.h"
#include "plumb/weights/tensor_size.h"
#include "tests/unit/base/scratch_folder.h"

namespace plumb {

struct Described {
  DType dtype = DType::kF32;
  std::vector<uint64_t> shape;
  std::vector<uint8_t> bytes;
  friend bool operator==(const Described&, const Described&) = default;
};

// Every tensor of a source, dense.
inline std::map<std::string, Described> Contents(const TensorSource& source) {
  std::map<std::string, Described> contents;
  for (const SourceTensor& tensor : source.tensors()) {
    Described& made = contents[tensor.name] = {tensor.dtype, tensor.shape, std::vector<uint8_t>(tensor.size_bytes())};
    EXPECT_TRUE(source.ReadBytes(tensor, 0, made.bytes).ok()) << tensor.name;
  }
  return contents;
}

// A source of tensors in memory, one after another.
class SourceBuilder {
 public:
  SourceBuilder& Add(std::string name, DType dtype, std::vector<uint64_t> shape, std::string_view bytes) {
    SourceTensor tensor{.name = std::move(name), .dtype = dtype, .shape = std::move(shape)};
    if (!bytes.empty()) tensor.ranges.push_back({0, data_.size(), data_.size() + bytes.size()});
    data_ += bytes;
    parts_.tensors.push_back(std::move(tensor));
    return *this;
  }
  // Bytes that look like anything but zeros.
  SourceBuilder& AddAny(std::string name, DType dtype, std::vector<uint64_t> shape) {
    std::string bytes(TensorSizeBytes(dtype, shape).value(), '\0');
    for (char& byte : bytes) byte = static_cast<char>(next_ = static_cast<uint8_t>(next_ * 5 + 3));
    // Bools are 0 and 1.
    for (char& byte : bytes) byte = dtype == DType::kBool ? byte & 1 : byte;
    return Add(std::move(name), dtype, std::move(shape), bytes);
  }
  SourceBuilder& AddFloats(std::string name, std::vector<uint64_t> shape, const std::vector<float>& values) {
    return Add(std::move(name), DType::kF32, std::move(shape),
               {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)});
  }
  // Elements of the tensor `of`, from `first` on.
  SourceBuilder& AddView(std::string name, const std::string& of, std::vector<uint64_t> shape,
                         std::vector<uint64_t> strides, uint64_t first) {
    for (SourceTensor& other : parts_.tensors) {
      if (other.name != of) continue;
      if (!other.shared_storage) other.shared_storage = groups_++;
      SourceTensor tensor = other;
      tensor.name = std::move(name);
      tensor.shape = std::move(shape);
      tensor.strides = std::move(strides);
      uint64_t last = 0, dense = 1;
      for (size_t i = 0; i < tensor.shape.size(); ++i) {
        last += tensor.strides.empty() ? 0 : (tensor.shape[i] - 1) * tensor.strides[i];
        dense *= tensor.shape[i];
      }
      const uint64_t unit = BlockOf(tensor.dtype).bytes, count = tensor.strides.empty() ? dense : last + 1;
      tensor.ranges[0].begin += first * unit;
      tensor.ranges[0].end = tensor.ranges[0].begin + count * unit;
      parts_.tensors.push_back(std::move(tensor));
      break;
    }
    return *this;
  }
  SourceBuilder& AddMetadata(std::string key, MetadataValue value, std::string_view stored_as = {}) {
    parts_.metadata.push_back({std::move(key), std::move(value), stored_as});
    return *this;
  }
  SourceBuilder& AddUnreadable(UnreadableTensor tensor) {
    NoteUnreadable(std::move(tensor), &parts_.notes);
    return *this;
  }
  SourceBuilder& Format(std::string_view format) {
    parts_.format = format;
    return *this;
  }
  std::unique_ptr<TensorSource> Build() {
    parts_.files.push_back({"memory", MemoryByteSource(data_)});
    parts_.codec = gguf::GgmlBlockCodec();
    absl::StatusOr<std::unique_ptr<TensorSource>> source = TensorSource::New(std::move(parts_));
    EXPECT_TRUE(source.ok()) << source.status();
    return *std::move(source);
  }

 private:
  TensorSourceParts parts_{.format = "memory"};
  std::string data_;
  uint8_t next_ = 1;
  uint32_t groups_ = 0;
};

// A folder to convert into.
class ConvertTest : public ::testing::Test {
 protected:
  absl::StatusOr<ConvertReport> Convert(const TensorSource& source, const std::string& name,
                                        ConvertOptions options = {}) {
    options.target = ConvertTargetOf(name).value();
    return ConvertTensors(source, folder_.PathOf(name), options);
  }
  std::unique_ptr<TensorSource> Open(const std::string& name) {
    absl::StatusOr<FoundModel> found = FindModel(folder_.PathOf(name));
    EXPECT_TRUE(found.ok()) << found.status();
    return found.ok() ? std::move(found->source) : nullptr;
  }
  // The source after conversion to `name`, which must succeed.
  std::unique_ptr<TensorSource> Converted(const TensorSource& source, const std::string& name,
                                          const ConvertOptions& options = {}) {
    absl::StatusOr<ConvertReport> report = Convert(source, name, options);
    EXPECT_TRUE(report.ok()) << report.status();
    if (!report.ok()) return nullptr;
    report_ = *report;
    return Open(name);
  }
  std::string ErrorOf(const TensorSource& source, const std::string& name, const ConvertOptions& options = {}) {
    absl::StatusOr<ConvertReport> report = Convert(source, name, options);
    EXPECT_FALSE(report.ok());
    return std::string(Message(report.status()));
  }
  // Names in the folder.
  std::vector<std::string> Files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }

  ScratchFolder folder_;
  ConvertReport report_;
};

}  // namespace plumb

#endif  // PLUMB_TESTS_UNIT_CONVERT_CONVERT_TESTING_H_
