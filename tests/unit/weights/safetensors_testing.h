// What the tests of safetensors share.
#ifndef PLUMB_TESTS_UNIT_WEIGHTS_SAFETENSORS_TESTING_H_
#define PLUMB_TESTS_UNIT_WEIGHTS_SAFETENSORS_TESTING_H_

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"
#include "plumb/weights/safetensors.h"
#include "tests/unit/base/scratch_folder.h"

namespace plumb {

inline constexpr DType kAllDTypes[] = {
    DType::kBool,   DType::kF4,     DType::kF6E2M3, DType::kF6E3M2,     DType::kU8,         DType::kI8,
    DType::kF8E5M2, DType::kF8E4M3, DType::kF8E8M0, DType::kF8E4M3Fnuz, DType::kF8E5M2Fnuz, DType::kI16,
    DType::kU16,    DType::kF16,    DType::kBF16,   DType::kI32,        DType::kU32,        DType::kF32,
    DType::kC64,    DType::kF64,    DType::kI64,    DType::kU64};

// The 8 bytes in front of a header of `size` bytes.
inline std::string LengthBytes(uint64_t size) {
  std::string bytes;
  for (int i = 0; i < 8; ++i) bytes.push_back(static_cast<char>(size >> (8 * i)));
  return bytes;
}

// A file of the given header and as many zero bytes of data.
inline std::string Container(std::string_view json, size_t data_bytes = 0) {
  return LengthBytes(json.size()) + std::string(json) + std::string(data_bytes, '\0');
}

inline absl::StatusOr<SafetensorsHeader> ParseFile(std::string_view file) {
  return SafetensorsHeader::Parse(AsBytes(file), file.size());
}

// Passes when `status` refuses a file by policy and its message holds `part`.
inline void ExpectRefused(const absl::Status& status, std::string_view part) {
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy) << status;
  EXPECT_THAT(std::string(Message(status)), testing::HasSubstr(std::string(part)));
}

}  // namespace plumb

#endif  // PLUMB_TESTS_UNIT_WEIGHTS_SAFETENSORS_TESTING_H_
