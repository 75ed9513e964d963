// Models of other programs are named by their content, and taken for none of ours.
#include "plumb/containers/foreign.h"

#include <gmock/gmock.h>

#include "plumb/containers/open.h"
#include "tests/unit/archive/zip_builder.h"
#include "tests/unit/containers/container_testing.h"

namespace plumb {
namespace {

using testing::HasSubstr;
using namespace std::string_literals;

std::string NameOf(const std::string& bytes) {
  const absl::StatusOr<std::optional<ForeignFormat>> found = ForeignContainerOf(OneFileFolder(bytes), "x");
  EXPECT_TRUE(found.ok()) << found.status();
  return found.ok() && *found ? std::string((*found)->name) : "";
}

// The first block of a TAR archive.
std::string Tar(const std::string& name) {
  std::string block(512, '\0');
  block.replace(0, name.size(), name);
  block.replace(100, 8, "0000644\0"s);
  block.replace(124, 12, "00000000000\0"s);
  block.replace(148, 8, "        ");
  block[156] = '0';
  block.replace(257, 8,
                "ustar\0"
                "00"s);
  unsigned sum = 0;
  for (char c : block) sum += static_cast<uint8_t>(c);
  char octal[8];
  std::snprintf(octal, sizeof octal, "%06o", sum);
  block.replace(148, 8, std::string(octal, 7) + " ");
  return block + std::string(1024, '\0');
}

std::string Zip(const std::vector<std::string>& names) {
  ZipSpec spec;
  for (const std::string& name : names) spec.entries.push_back({.name = name, .data = "x"});
  return BuildZip(spec);
}

TEST(ForeignTest, BytesAtTheBeginning) {
  const std::string rest(600, '\0');
  EXPECT_EQ(NameOf("\x1c\0\0\0ET12"s + rest), "executorch");
  EXPECT_EQ(NameOf("\x1c\0\0\0ORTM"s + rest), "ort");
  EXPECT_EQ(NameOf("tjgg\3\0\0\0"s + rest), "ggml");
  EXPECT_EQ(NameOf("lmgg" + rest), "ggml");
  EXPECT_EQ(NameOf("ftrt" + rest), "tensorrt");
  EXPECT_EQ(NameOf("\x1f\x8b\x08" + rest), "packed");
  EXPECT_EQ(NameOf("<?xml version=\"1.0\"?>\n<net name=\"m\" version=\"11\">" + rest), "openvino");
  EXPECT_EQ(NameOf("<?xml version=\"1.0\"?>\n<svg/>" + rest), "");
  EXPECT_EQ(NameOf(std::string(64, '\0') + "\xef\xbe\xad\xde" + rest), "coreml");
}

TEST(ForeignTest, CoremlIsNoBrokenOnnx) {
  const std::string rest(600, '\0');
  // specificationVersion, a description with an input, a neural network (field 500).
  EXPECT_EQ(NameOf("\x08\x04\x12\x05\x0a\x03\x0a\x01x\xa2\x1f\x00"s + rest), "coreml");
  EXPECT_EQ(NameOf("\x08\x09\x12\x00\xb2\x1f\x02\x08\x01"s), "coreml") << "a program, without a description";
  EXPECT_EQ(NameOf("\x08\x04\x12\x80\x10\x0a\x80\x08\x0a\x01x"s + rest), "coreml") << "longer than the head";
  // TensorFlow's SavedModel has what its graph was made by.
  EXPECT_EQ(NameOf("\x08\x01\x12\x80\x10\x0a\x80\x08\x12\x01x"s + rest), "");
  EXPECT_EQ(NameOf("\x08\x01\x12\x05\x0a\x03\x22\x01x"s + rest), "");
  // ONNX has a text there.
  EXPECT_EQ(NameOf("\x08\x08\x12\x07pytorch\x1a\x03"
                   "2.0"s +
                   rest),
            "");
}

// The length of a header may be any number.
TEST(ForeignTest, NoneOfOursIsTakenForAnother) {
  const std::string json = R"({"w":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}})";
  const std::string file = "\x1f\x8b\0\0\0\0\0\0"s + json + std::string(0x8b1f - json.size(), ' ') + "ab";
  EXPECT_EQ(NameOf(file), "");
  EXPECT_TRUE(OpenBytes(file).ok());
}

TEST(ForeignTest, Archives) {
  EXPECT_EQ(NameOf(Zip({"m/.data/ts_code/0/data.pkl", "m/.data/extern_modules", "m/.data/version"})), "torch.package");
  EXPECT_EQ(NameOf(Zip({"serialized_exported_program.json", "version"})), "torch.export");
  EXPECT_EQ(NameOf(Zip({"m.mlpackage/Manifest.json", "m.mlpackage/Data/com.apple.CoreML/model.mlmodel"})), "coreml");
  EXPECT_EQ(NameOf(Zip({"archive/data.pkl"})), "");
  EXPECT_EQ(NameOf(Tar("model_config.yaml")), "nemo");
  EXPECT_EQ(NameOf(Tar("./model_weights.ckpt")), "nemo");
  EXPECT_EQ(NameOf(Tar("README")), "packed");
  EXPECT_EQ(NameOf(Tar("sys_info")), "");
  EXPECT_EQ(NameOf(Tar("./sys_info")), "");
  EXPECT_EQ(NameOf(Tar("./").substr(0, 512) + Tar("./pickle")), "");
  EXPECT_EQ(NameOf(Tar("./").substr(0, 512) + Tar("./model_config.yaml")), "nemo");
}

TEST(ForeignTest, OpeningSaysWhatItIs) {
  EXPECT_THAT(OpenErrorOf("tjgg\3\0\0\0"s + std::string(600, '\0')),
              HasSubstr("it is a GGML file of before GGUF (ggjt), which is not read"));
  EXPECT_THAT(OpenErrorOf(Zip({"m/.data/ts_code/0/data.pkl", "m/.data/extern_modules"})),
              HasSubstr("torch.package archive"));
  EXPECT_THAT(OpenErrorOf("nothing of the kind"), HasSubstr("of no container that is read here"));
}

}  // namespace
}  // namespace plumb
