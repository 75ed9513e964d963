#include <algorithm>
#include <map>

#include "plumb/base/limits.h"
#include "tests/unit/weights/safetensors_testing.h"

namespace plumb {
namespace {

TensorToWrite Tensor(std::string name, DType dtype, std::vector<uint64_t> shape, const std::string& bytes) {
  return {std::move(name), dtype, std::move(shape), AsBytes(bytes)};
}

void ExpectNotWritten(const TensorToWrite& tensor, std::string_view part) {
  absl::Status status = SerializeSafetensors({tensor}, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
  EXPECT_THAT(std::string(Message(status)), testing::HasSubstr(std::string(part)));
}

TEST(SafetensorsWriterTest, NothingIsAnEmptyHeader) {
  auto file = SerializeSafetensors({}, {});
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(*file, LengthBytes(8) + "{}      ");
}

TEST(SafetensorsWriterTest, OneTensor) {
  std::string data(4, '\0');
  auto file = SerializeSafetensors({Tensor("attn.0", DType::kF16, {1, 2}, data)}, {});
  ASSERT_TRUE(file.ok()) << file.status();
  std::string json = R"({"attn.0":{"dtype":"F16","shape":[1,2],"data_offsets":[0,4]}})";
  json.resize(64, ' ');
  EXPECT_EQ(*file, LengthBytes(64) + json + data);
}

TEST(SafetensorsWriterTest, LayoutIsThatOfTheReferenceImplementation) {
  const std::string path = PLUMB_TEST_DATA "/weights/reference_writer.safetensors";
  auto golden = ReadFile(path, 1 << 20);
  ASSERT_TRUE(golden.ok()) << golden.status();
  auto opened = SafetensorsFile::Open(path);
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(opened->header().tensors().size(), 17u);
  std::vector<TensorToWrite> tensors;
  for (const TensorInfo& tensor : opened->header().tensors()) {
    tensors.insert(tensors.begin(), {tensor.name, tensor.dtype, tensor.shape, opened->Bytes(tensor)});
  }
  auto written = SerializeSafetensors(tensors, opened->header().metadata());
  ASSERT_TRUE(written.ok()) << written.status();
  EXPECT_EQ(*written, *golden);
}

TEST(SafetensorsWriterTest, TensorsByFallingAlignmentThenName) {
  std::string one(1, 'x'), two(2, 'x'), eight(8, 'x');
  auto file = SerializeSafetensors({Tensor("a", DType::kU8, {1}, one), Tensor("z", DType::kF16, {1}, two),
                                    Tensor("y", DType::kF16, {1}, two), Tensor("q", DType::kI64, {1}, eight)},
                                   {});
  ASSERT_TRUE(file.ok()) << file.status();
  std::string names;
  auto header = ParseFile(*file);
  ASSERT_TRUE(header.ok()) << header.status();
  for (const TensorInfo& tensor : header->tensors()) names += tensor.name;
  EXPECT_EQ(names, "qyza");
}

TEST(SafetensorsWriterTest, HeaderIsPaddedToAMultipleOfEight) {
  for (size_t length = 1; length <= 16; ++length) {
    auto file = SerializeSafetensors({Tensor(std::string(length, 'n'), DType::kU8, {0}, "")}, {});
    ASSERT_TRUE(file.ok()) << file.status();
    EXPECT_EQ(file->size() % 8, 0u);
    EXPECT_EQ(ParseFile(*file)->data_offset(), file->size());
  }
}

TEST(SafetensorsWriterTest, MetadataRoundTrips) {
  std::map<std::string, std::string> metadata = {{"format", "pt"},
                                                 {"", ""},
                                                 {"quote\"", "back\\slash"},
                                                 {"control", std::string("\x01\0\x7f\n", 4)},
                                                 {"text", "\xc3\xa4\xf0\x9f\x98\x80"}};
  auto file = SerializeSafetensors({}, metadata);
  ASSERT_TRUE(file.ok()) << file.status();
  auto header = ParseFile(*file);
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->metadata(), metadata);
}

TEST(SafetensorsWriterTest, MetadataEntriesAtTheLimitAndOnePast) {
  std::map<std::string, std::string> metadata;
  for (size_t i = 0; i < limits::kSafetensorsMetadataEntriesMax; ++i) metadata[std::to_string(i)] = "";
  EXPECT_TRUE(SerializeSafetensors({}, metadata).ok());
  metadata["one more"] = "";
  EXPECT_FALSE(SerializeSafetensors({}, metadata).ok());
}

TEST(SafetensorsWriterTest, WhatCouldNotBeReadIsNotWritten) {
  std::string four(4, 'x');
  ExpectNotWritten(Tensor("a", DType::kF32, {2}, four), "4 bytes given, dtype and shape need 8");
  ExpectNotWritten(Tensor("a", DType::kF4, {1}, four), "whole number of bytes");
  ExpectNotWritten(Tensor("a", DType::kF32, {1ull << 62, 4}, four), "overflows");
  ExpectNotWritten(Tensor("", DType::kF32, {1}, four), "name");
  ExpectNotWritten(Tensor("__metadata__", DType::kF32, {1}, four), "name");
  ExpectNotWritten(Tensor(std::string("a\0b", 3), DType::kF32, {1}, four), "name");
  ExpectNotWritten(Tensor("\xff", DType::kF32, {1}, four), "name");
  ExpectNotWritten(Tensor(std::string(limits::kTensorNameBytesMax + 1, 'n'), DType::kF32, {1}, four), "name");
  ExpectNotWritten(Tensor("a", DType::kF32, std::vector<uint64_t>(limits::kTensorRankMax + 1, 1), four), "dimensions");
  EXPECT_FALSE(SerializeSafetensors({}, {{"\xff", ""}}).ok());
  EXPECT_FALSE(SerializeSafetensors({}, {{"", "\xff"}}).ok());
}

TEST(SafetensorsWriterTest, NamesOccurOnce) {
  std::string four(4, 'x');
  absl::Status status =
      SerializeSafetensors({Tensor("a", DType::kF32, {1}, four), Tensor("a", DType::kI32, {1}, four)}, {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
}

struct RandomTensor {
  DType dtype;
  std::vector<uint64_t> shape;
  std::string bytes;
};

RandomTensor MakeTensor(std::mt19937_64& random, DType dtype) {
  RandomTensor tensor{dtype, {}, {}};
  uint64_t bits = DTypeBits(dtype);
  for (uint64_t rank = random() % 4; rank > 0; --rank) {
    tensor.shape.push_back(random() % 5);
    bits *= tensor.shape.back();
  }
  if (bits % 8 != 0) {  // Four elements of any sub-byte type are whole bytes.
    tensor.shape.push_back(4);
    bits *= 4;
  }
  for (uint64_t i = 0; i < bits / 8; ++i) tensor.bytes.push_back(static_cast<char>(random()));
  return tensor;
}

std::string RandomName(std::mt19937_64& random, int number) {
  static constexpr std::string_view kPieces[] = {"a", "\"",  "\\", "\n", "\x01", "\xc3\xa9", "\xf0\x9f\x90\x8e",
                                                 "/", "\x7f"};
  std::string name = std::to_string(number);
  for (uint64_t pieces = random() % 6; pieces > 0; --pieces) name += kPieces[random() % std::size(kPieces)];
  return name;
}

TEST(SafetensorsWriterTest, RandomTensorsOfEveryTypeComeBack) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 100; ++round) {
    std::map<std::string, RandomTensor> tensors;
    std::vector<TensorToWrite> to_write;
    for (DType dtype : kAllDTypes) {
      std::string name = RandomName(random, static_cast<int>(tensors.size()));
      tensors.emplace(name, MakeTensor(random, dtype));
    }
    for (const auto& [name, t] : tensors) to_write.push_back({name, t.dtype, t.shape, AsBytes(t.bytes)});
    std::shuffle(to_write.begin(), to_write.end(), random);
    auto file = SerializeSafetensors(to_write, {});
    ASSERT_TRUE(file.ok()) << file.status();
    auto header = ParseFile(*file);
    ASSERT_TRUE(header.ok()) << header.status();
    ASSERT_EQ(header->tensors().size(), tensors.size());
    for (const auto& [name, expected] : tensors) {
      const TensorInfo* found = header->Find(name);
      ASSERT_NE(found, nullptr) << name;
      EXPECT_EQ(found->dtype, expected.dtype);
      EXPECT_EQ(found->shape, expected.shape);
      EXPECT_EQ(file->substr(found->begin, found->size_bytes()), expected.bytes);
    }
  }
}

}  // namespace
}  // namespace plumb
