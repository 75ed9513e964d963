// Checkpoints made to mislead or to break a reader: each ends in its own error, and nothing is run.
#include <gmock/gmock.h>

#include <map>

#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/weights/unreadable_tensor.h"
#include "tests/unit/archive/zip_builder.h"
#include "tests/unit/containers/container_testing.h"
#include "tests/unit/pytorch/checkpoint_pickles.h"

namespace plumb {
namespace {

using namespace checkpoint_pickles;
using testing::HasSubstr;
using namespace std::string_literals;

std::string ErrorOf(const ZipSpec& spec) {
  absl::StatusOr<std::unique_ptr<TensorSource>> source = OpenBytes(BuildZip(spec));
  if (source.ok()) return "";
  EXPECT_EQ(ErrorClassOf(source.status()), ErrorClass::kPolicy) << source.status();
  return std::string(Message(source.status()));
}

std::string ErrorOf(const TensorSpec& tensor) { return ErrorOf(Checkpoint(StateDict(PickleOf(tensor)))); }

TEST(HostileCheckpointsTest, TheSoundOneOpens) {
  auto source = OpenBytes(BuildZip(Checkpoint(StateDict(PickleOf({})))));
  ASSERT_TRUE(source.ok()) << source.status();
  ASSERT_NE((*source)->Find("w"), nullptr);
  EXPECT_TRUE((*source)->notes().empty());
}

// Of a checkpoint of one tensor that cannot be given; empty when it can.
std::string WhyUnreadable(const TensorSpec& tensor) {
  auto source = OpenBytes(BuildZip(Checkpoint(StateDict(PickleOf(tensor)))));
  EXPECT_TRUE(source.ok()) << source.status();
  if (!source.ok() || UnreadableIn(**source).empty()) return "";
  return UnreadableIn(**source)[0].why;
}

TEST(HostileCheckpointsTest, TensorsStayInTheirStorage) {
  EXPECT_THAT(ErrorOf({.key = "1"}), HasSubstr("storage \"1\" is not there"));
  EXPECT_THAT(ErrorOf({.key = "../data.pkl"}), HasSubstr("is not there"));
  EXPECT_THAT(ErrorOf({.count = 5}), HasSubstr("has 16 bytes, expected 5 elements of 4"));
  EXPECT_THAT(ErrorOf({.count = INT64_MAX}), HasSubstr("has 16 bytes"));
  EXPECT_THAT(ErrorOf({.count = -4}), HasSubstr("key or size"));
  EXPECT_THAT(ErrorOf({.offset = 1}), HasSubstr("reaches past its storage"));
  EXPECT_THAT(ErrorOf({.offset = -1}), HasSubstr("not matching lists of numbers"));
  EXPECT_THAT(ErrorOf({.offset = INT64_MAX}), HasSubstr("reaches past"));
  EXPECT_THAT(ErrorOf({.strides = {3, 1}}), HasSubstr("reaches past"));
  EXPECT_THAT(ErrorOf({.strides = {-2, 1}}), HasSubstr("not matching"));
  EXPECT_THAT(ErrorOf({.strides = {2}}), HasSubstr("not matching"));
  EXPECT_THAT(ErrorOf({.shape = {2, -2}}), HasSubstr("not matching"));
  EXPECT_THAT(ErrorOf({.shape = {INT64_MAX, INT64_MAX}, .strides = {INT64_MAX, INT64_MAX}}), HasSubstr("reaches past"));
  EXPECT_THAT(WhyUnreadable({.shape = {INT64_MAX, INT64_MAX}, .strides = {0, 0}}), HasSubstr("expanded"));
}

TEST(HostileCheckpointsTest, TensorsOverTheSameBytesSaySo) {
  const std::string pickle = "\x80\2}" + Text("a") + PickleOf({.shape = {2}, .strides = {1}}) + "s" + Text("b") +
                             PickleOf({.offset = 2, .shape = {2}, .strides = {1}}) + "s" + Text("c") +
                             PickleOf({.offset = 3, .shape = {1}, .strides = {1}}) + "s.";
  auto source = OpenBytes(BuildZip(Checkpoint(pickle)));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_FALSE((*source)->Find("a")->shared_storage.has_value());
  EXPECT_TRUE((*source)->Find("b")->shared_storage.has_value());
  EXPECT_EQ((*source)->Find("b")->shared_storage, (*source)->Find("c")->shared_storage);
}

TEST(HostileCheckpointsTest, ExpandedTensorsHaveALimit) {
  const auto most = static_cast<int64_t>(limits::kExpandedBytesMax / 4);
  EXPECT_EQ(ErrorOf({.shape = {most}, .strides = {0}}), "");
  EXPECT_EQ(WhyUnreadable({.shape = {most}, .strides = {0}}), "");
  EXPECT_THAT(WhyUnreadable({.shape = {most + 1}, .strides = {0}}), HasSubstr("is expanded from 16 bytes"));
}

TEST(HostileCheckpointsTest, UnknownTypesAreRefused) {
  EXPECT_THAT(ErrorOf({.storage_type = "os\nsystem\n"}), HasSubstr("unknown type \"os.system\""));
  EXPECT_THAT(ErrorOf({.storage_type = "torch.storage\nUntypedStorage\n", .count = 16}),
              HasSubstr("type is not known"));
}

TEST(HostileCheckpointsTest, ImportsBesideTensorsAreNotedWithTheirPlace) {
  const std::string pickle = "\x80\2}cos\nsystem\n(" + Text("id") + "tR0" + Text("w") + PickleOf({}) + "s.";
  auto source = OpenBytes(BuildZip(Checkpoint(pickle)));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_NE((*source)->Find("w"), nullptr);
  ASSERT_EQ((*source)->notes().size(), 1);
  EXPECT_THAT((*source)->notes()[0], HasSubstr("\"os.system\" at byte 3"));
}

TEST(HostileCheckpointsTest, WhatAnUnknownFunctionBuildsIsLeftOut) {
  auto source = OpenBytes(BuildZip(Checkpoint(StateDict("cevil\nbuild\n(" + PickleOf({}) + "tR"))));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_TRUE((*source)->tensors().empty());
  EXPECT_THAT((*source)->notes()[0], HasSubstr("evil.build"));
  ASSERT_EQ(UnreadableIn(**source).size(), 1);
  EXPECT_EQ(UnreadableText(UnreadableIn(**source)[0]),
            "tensor \"w\" is part of what \"evil.build\" makes, which Plumb does not run");
}

TEST(HostileCheckpointsTest, OneArchiveHoldsOneCheckpoint) {
  ZipSpec spec = Checkpoint(StateDict(PickleOf({})));
  spec.entries.push_back({.name = "other/data.pkl", .data = "N."});
  EXPECT_THAT(ErrorOf(spec), HasSubstr("two entries data.pkl"));
  EXPECT_THAT(ErrorOf(Checkpoint("N.N.")), HasSubstr("goes on after its end"));
  spec = Checkpoint(StateDict(PickleOf({})));
  spec.entries[1] = Deflated("archive/data/0", std::string(16, '\0'));
  EXPECT_THAT(ErrorOf(spec), HasSubstr("compressed"));
  spec = Checkpoint(StateDict(PickleOf({})));
  spec.entries.push_back({.name = "archive/byteorder", .data = "middle"});
  EXPECT_THAT(ErrorOf(spec), HasSubstr("byte order"));
}

TEST(HostileCheckpointsTest, ListsThatHoldEachOtherEnd) {
  EXPECT_THAT(ErrorOf(Checkpoint("]q\0h\0a."s)), HasSubstr("nested deeper"));
  EXPECT_THAT(ErrorOf(Checkpoint(std::string(100, '(') + "N" + std::string(100, 'l') + ".")),
              HasSubstr("nested deeper"));
  // Each list holds the one before ten times: ten to the twentieth paths in 500 bytes.
  std::string bomb = "]q\0"s;
  for (char depth = 0; depth < 20; ++depth) {
    bomb += "0](";
    for (int i = 0; i < 10; ++i) bomb += "h"s + depth;
    bomb += "eq"s + static_cast<char>(depth + 1);
  }
  EXPECT_THAT(ErrorOf(Checkpoint(bomb + ".")), HasSubstr("hold each other too often"));
}

TEST(HostileCheckpointsTest, EveryCutOfAnArchiveIsAnError) {
  const std::string whole = BuildZip(Checkpoint(StateDict(PickleOf({}))));
  for (size_t size = 0; size < whole.size(); ++size) EXPECT_FALSE(OpenBytes(whole.substr(0, size)).ok()) << size;
}

TEST(HostileCheckpointsTest, PicklescansBypassesAreRefusedOrNoted) {
  const std::string folder = std::string(PLUMB_TEST_DATA) + "/pickle";
  absl::StatusOr<Directory> directory = Directory::Open(folder);
  ASSERT_TRUE(directory.ok());
  for (const char* name :
       {"malicious1.zip", "malicious1_0x1.zip", "malicious1_0x20.zip", "malicious1_0x40.zip",
        "malicious1_central_directory.zip", "malicious1_wrong_ext.zip", "benign_password_protected.zip",
        "malicious1.7z", "bad_pytorch.pt", "not_a_pickle.bin", "pytorch_magic_bypass.pt"}) {
    EXPECT_FALSE(OpenTensorSource(*directory, name).ok()) << name;
  }
  EXPECT_TRUE(OpenTensorSource(*directory, "new_pytorch_model.bin").ok());  // A sound one among them.
}

}  // namespace
}  // namespace plumb
