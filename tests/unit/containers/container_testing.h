// What the tests of containers share: files in memory, and comparing tensors with recorded ones.
#ifndef PLUMB_TESTS_UNIT_CONTAINERS_CONTAINER_TESTING_H_
#define PLUMB_TESTS_UNIT_CONTAINERS_CONTAINER_TESTING_H_

#include <gmock/gmock.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "nlohmann/json.hpp"
#include "plumb/base/file.h"
#include "plumb/base/status.h"
#include "plumb/containers/open.h"
#include "plumb/content/digest.h"

namespace plumb {

// A folder whose every path is the same file.
class OneFileFolder : public ByteFolder {
 public:
  explicit OneFileFolder(const std::string& bytes) : bytes_(MemoryByteSource(bytes)) {}
  absl::StatusOr<std::shared_ptr<const ByteSource>> Open(std::string_view) const override { return bytes_; }

 private:
  std::shared_ptr<const ByteSource> bytes_;
};

inline absl::StatusOr<std::unique_ptr<TensorSource>> OpenBytes(const std::string& bytes) {
  return OpenTensorSource(OneFileFolder(bytes), "x");
}

inline absl::StatusOr<std::unique_ptr<TensorSource>> OpenData(const std::string& folder, const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(Directory directory, Directory::Open(std::string(PLUMB_TEST_DATA) + "/" + folder));
  return OpenTensorSource(directory, path);
}

// The error that opening ends in, which must be one of policy; empty when there is none.
inline std::string OpenErrorOf(const std::string& bytes) {
  absl::StatusOr<std::unique_ptr<TensorSource>> source = OpenBytes(bytes);
  if (source.ok()) return "";
  EXPECT_EQ(ErrorClassOf(source.status()), ErrorClass::kPolicy) << source.status();
  return std::string(Message(source.status()));
}

inline std::vector<float> FloatsOf(const TensorSource& source, const std::string& name) {
  const SourceTensor* tensor = source.Find(name);
  EXPECT_NE(tensor, nullptr) << name;
  std::vector<float> values(tensor == nullptr ? 0 : tensor->element_count());
  if (tensor != nullptr) {
    EXPECT_TRUE(source.ReadF32(*tensor, 0, values).ok());
  }
  return values;
}

// Tensors as tests/conformance/make_container_cases.py records them: name to {"dtype", "shape", "sha256"}.
inline void ExpectTensors(const TensorSource& source, const nlohmann::json& expected) {
  EXPECT_EQ(source.tensors().size(), expected.size());
  for (const auto& [name, wanted] : expected.items()) {
    SCOPED_TRACE(name);
    const SourceTensor* tensor = source.Find(name);
    ASSERT_NE(tensor, nullptr);
    EXPECT_EQ(DTypeName(tensor->dtype), wanted["dtype"].get<std::string>());
    EXPECT_EQ(tensor->shape, wanted["shape"].get<std::vector<uint64_t>>());
    std::vector<uint8_t> bytes(tensor->size_bytes());
    ASSERT_TRUE(source.ReadBytes(*tensor, 0, bytes).ok());
    EXPECT_EQ(Sha256Of(std::span<const uint8_t>(bytes)).ToHex(), wanted["sha256"].get<std::string>());
  }
}

// Opens every file that `folder`/expected.json names and compares; how many tensors were compared.
inline size_t ExpectRecordedFiles(const std::string& folder) {
  size_t compared = 0;
  const nlohmann::json all = nlohmann::json::parse(
      ReadFile(std::string(PLUMB_TEST_DATA) + "/" + folder + "/expected.json", 4 << 20).value());
  for (const auto& [name, tensors] : all.items()) {
    if (tensors.is_null()) continue;  // The format's own library refuses the file.
    SCOPED_TRACE(name);
    absl::StatusOr<std::unique_ptr<TensorSource>> source = OpenData(folder, name);
    EXPECT_TRUE(source.ok()) << source.status();
    if (!source.ok()) continue;
    ExpectTensors(**source, tensors);
    compared += tensors.size();
  }
  return compared;
}

}  // namespace plumb

#endif  // PLUMB_TESTS_UNIT_CONTAINERS_CONTAINER_TESTING_H_
