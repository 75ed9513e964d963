#include <unistd.h>

#include "formats/onnx/sha1.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/status.h"
#include "plumb/containers/open.h"
#include "plumb/onnx/file.h"
#include "tests/unit/base/scratch_folder.h"
#include "tests/unit/onnx/onnx_writer.h"

namespace plumb {
namespace {

using namespace onnx_writer;
using testing::ElementsAre;
using testing::HasSubstr;

std::string Entry(std::string_view key, std::string_view value) { return Bytes(13, Bytes(1, key) + Bytes(2, value)); }

// A tensor of three floats outside the model.
std::string External(std::string_view location, std::string_view more) {
  return Dims({3}) + Int(2, 1) + Bytes(8, "w") + Entry("location", location) + std::string(more) + Int(14, 1);
}

const std::vector<float> kValues = {9, 1, 2, 3};

class OnnxFileTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<OnnxFile>> Open(const std::string& tensor) {
    folder_.Write("sub/model.onnx", Model(Initializer(tensor)));
    folder_.Write("sub/weights.bin", Raw(kValues));
    folder_.Write("outside.bin", Raw(kValues));
    absl::StatusOr<Directory> directory = Directory::Open(folder_.path());
    if (!directory.ok()) return directory.status();
    return OnnxFile::Open(*directory, "sub/model.onnx");
  }
  std::string ErrorOf(const std::string& tensor) { return std::string(Message(Open(tensor).status())); }

  ScratchFolder folder_;
};

TEST_F(OnnxFileTest, ReadsExternalData) {
  auto file = Open(External("weights.bin", Entry("offset", "4") + Entry("length", "12")));
  ASSERT_TRUE(file.ok()) << file.status();
  auto bytes = (*file)->Read((*file)->model().graph.initializers[0]);
  ASSERT_TRUE(bytes.ok()) << bytes.status();
  const std::string found(bytes->bytes.begin(), bytes->bytes.end());
  EXPECT_EQ(found, Raw<float>({1, 2, 3}));
}

TEST_F(OnnxFileTest, RefusesToLeaveTheFolder) {
  EXPECT_THAT(ErrorOf(External("../outside.bin", "")), HasSubstr(".."));
  EXPECT_FALSE(Open(External("/etc/passwd", "")).ok());
  ASSERT_EQ(symlink((folder_.path() + "/outside.bin").c_str(), (folder_.path() + "/sub/link.bin").c_str()), 0);
  EXPECT_FALSE(Open(External("link.bin", "")).ok());
  EXPECT_EQ(Open(External("missing.bin", "")).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(OnnxFileTest, RefusesBytesThatAreNotThere) {
  EXPECT_THAT(ErrorOf(External("weights.bin", Entry("offset", "8"))), HasSubstr("which has 16"));
  EXPECT_THAT(ErrorOf(External("weights.bin", Entry("offset", "17"))), HasSubstr("which has 16"));
  EXPECT_THAT(ErrorOf(External("weights.bin", Entry("length", "16"))), HasSubstr("expected 12"));
  EXPECT_THAT(ErrorOf(External("weights.bin", Entry("offset", "-4"))), HasSubstr("for its offset"));
  EXPECT_THAT(ErrorOf(External("weights.bin", Entry("offset", "99999999999999999999"))), HasSubstr("for its offset"));
  EXPECT_THAT(ErrorOf(External("", "")), HasSubstr("without a location"));
}

TEST_F(OnnxFileTest, ComparesTheChecksum) {
  const std::string raw = Raw(kValues);
  const std::string sum = onnx::Sha1Hex(AsBytes(raw));
  EXPECT_EQ(onnx::Sha1Hex(AsBytes("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(ErrorOf(External("weights.bin", Entry("checksum", sum))), "");
  const std::string wrong = std::string(39, '0') + "1";
  auto file = Open(External("weights.bin", Entry("checksum", wrong)));
  EXPECT_EQ(ErrorClassOf(file.status()), ErrorClass::kVerification);
  EXPECT_THAT(ErrorOf(External("weights.bin", Entry("checksum", "abc"))), HasSubstr("hexadecimal"));
}

TEST_F(OnnxFileTest, NeedsAFolderForExternalData) {
  auto file = OnnxFile::FromBytes(MemoryByteSource(Model(Initializer(External("weights.bin", "")))));
  EXPECT_THAT(std::string(Message(file.status())), HasSubstr("no folder"));
}

TEST_F(OnnxFileTest, OpensAsAContainer) {
  folder_.Write("weights.bin", Raw(kValues));
  const std::string halves = Dims({2}) + Int(2, 10) + Bytes(8, "h") + Int(5, 0x3c00) + Int(5, 0xc000);
  folder_.Write("model.onnx", Model(Initializer(Tensor("a", 1, {2}, Raw<float>({5, 6}))) + Initializer(halves) +
                                    Initializer(External("weights.bin", Entry("offset", "4")))));
  absl::StatusOr<Directory> directory = Directory::Open(folder_.path());
  ASSERT_TRUE(directory.ok());
  auto source = OpenTensorSource(*directory, "model.onnx");
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->format(), "onnx");
  auto values = [&](std::string_view name) {
    const SourceTensor* tensor = (*source)->Find(name);
    std::vector<float> out(tensor == nullptr ? 0 : tensor->element_count());
    EXPECT_TRUE(tensor != nullptr && (*source)->ReadF32(*tensor, 0, out).ok()) << name;
    return out;
  };
  EXPECT_THAT(values("a"), ElementsAre(5, 6));
  EXPECT_THAT(values("h"), ElementsAre(1, -2));
  EXPECT_THAT(values("w"), ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace plumb
