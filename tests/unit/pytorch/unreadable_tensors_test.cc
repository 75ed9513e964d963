// What a checkpoint holds and cannot be given is named, never dropped; the rest is given.
#include <gmock/gmock.h>

#include "plumb/base/limits.h"
#include "plumb/weights/unreadable_tensor.h"
#include "tests/unit/pytorch/checkpoint_pickles.h"

namespace plumb {
namespace {

using namespace checkpoint_pickles;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A pickled call of `module.name` on arguments.
std::string Call(const std::string& module, const std::string& name, const std::string& arguments) {
  return "c" + module + "\n" + name + "\n(" + arguments + "tR";
}

std::unique_ptr<TensorSource> Open(const std::string& dict_items) {
  auto source = OpenBytes(BuildZip(Checkpoint("\x80\2}(" + dict_items + "u.")));
  EXPECT_TRUE(source.ok()) << source.status();
  return source.ok() ? *std::move(source) : nullptr;
}

std::vector<std::string> NamesIn(const TensorSource& source) {
  std::vector<std::string> names;
  for (const SourceTensor& tensor : source.tensors()) names.push_back(tensor.name);
  return names;
}

std::vector<std::string> Unreadable(const TensorSource& source) {
  std::vector<std::string> texts;
  for (const UnreadableTensor& tensor : UnreadableIn(source)) texts.push_back(UnreadableText(tensor));
  return texts;
}

const std::string kPlain = Text("w") + PickleOf({});

TEST(UnreadableTensorsTest, TensorsOfOtherKindsAreNamed) {
  const std::pair<const char*, const char*> kinds[] = {
      {"_rebuild_sparse_tensor", "is sparse"},
      {"_rebuild_sparse_csr_tensor", "is sparse"},
      {"_rebuild_nested_tensor", "is nested"},
      {"_rebuild_qtensor", "is quantised by PyTorch, with scales of its own"},
      {"_rebuild_meta_tensor_no_storage", "is on the meta device and has no values"},
      {"_rebuild_wrapper_subclass", "is of a class of its own"},
  };
  for (const auto& [function, why] : kinds) {
    const auto source =
        Open(Text("x") + Call("torch._utils", function, PickleOf({.shape = {4}, .strides = {1}})) + kPlain);
    EXPECT_THAT(NamesIn(*source), ElementsAre("w")) << function;
    EXPECT_THAT(Unreadable(*source), ElementsAre(std::string("tensor \"x\" ") + why));
    EXPECT_TRUE(UnreadableIn(*source)[0].weight);
  }
}

TEST(UnreadableTensorsTest, ParametersOfSuchTensorsToo) {
  const std::string sparse = Call("torch._utils", "_rebuild_sparse_tensor", "");
  const auto source = Open(Text("x") + Call("torch._utils", "_rebuild_parameter", sparse + "\x89}") + kPlain);
  EXPECT_THAT(Unreadable(*source), ElementsAre("tensor \"x\" is sparse"));
}

TEST(UnreadableTensorsTest, TypesThatAreNotKnownAreNamed) {
  const auto quantised = Open(Text("q") + PickleOf({.storage_type = "torch\nQInt8Storage\n", .count = 16}));
  EXPECT_THAT(NamesIn(*quantised), IsEmpty());
  EXPECT_THAT(Unreadable(*quantised),
              ElementsAre("tensor \"q\" is of the type \"torch.QInt8Storage\", which is not read"));
  const std::string storage = "((" + Text("storage") + "ctorch.storage\nUntypedStorage\n" + Text("0") + Text("cpu") +
                              Number(16) + "tQ" + Number(0) + Numbers({16}) + Numbers({1}) + "\x89}";
  const auto newer =
      Open(Text("f") + "ctorch._utils\n_rebuild_tensor_v3\n" + storage + "ctorch\nfloat4_e2m1fn_x2\ntR" + kPlain);
  EXPECT_THAT(NamesIn(*newer), ElementsAre("w"));
  EXPECT_THAT(Unreadable(*newer),
              ElementsAre("tensor \"f\" is of the type \"torch.float4_e2m1fn_x2\", which is not read"));
}

// Their bytes are those of the other tensor, whose sign or imaginary part they turn round when they are used.
TEST(UnreadableTensorsTest, LazyViewsAreNamed) {
  for (const char* flag : {"conj", "neg"}) {
    std::string tensor = PickleOf({});
    tensor = tensor.substr(0, tensor.size() - 2) + "}" + Text(flag) + "\x88stR";
    EXPECT_THAT(Unreadable(*Open(Text("x") + tensor)), ElementsAre(HasSubstr("lazy conjugate or negative")));
  }
}

TEST(UnreadableTensorsTest, KeysThatAreNoTextsAreWrittenAsPythonWritesThem) {
  const auto tensor = [](const std::string& key) { return key + PickleOf({}); };
  const auto source =
      Open(tensor("(" + Number(1) + Number(2) + "t") + tensor(Number(3)) + tensor("N") + tensor("C\1k") +
           tensor("\x88") + tensor("(" + Text("a'b") + "t") + tensor("G\x3f\xe0" + std::string(6, '\0')));
  EXPECT_THAT(NamesIn(*source), ElementsAre("(1, 2)", "3", "None", "b'k'", "True", "('a\\'b',)", "0.5"));
  EXPECT_THAT(Unreadable(*source), IsEmpty());
}

TEST(UnreadableTensorsTest, BytesOfProtocol2AreKeysToo) {
  const auto source = Open(Call("_codecs", "encode", Text("k") + Text("latin1")) + PickleOf({}));
  EXPECT_THAT(NamesIn(*source), ElementsAre("b'k'"));
}

TEST(UnreadableTensorsTest, AKeyWithoutANameIsSaid) {
  const auto source = Open(Call("evil", "Key", "") + PickleOf({}) + std::string("X\1\0\0\0\xff", 6) + PickleOf({}));
  EXPECT_THAT(NamesIn(*source), IsEmpty());
  EXPECT_THAT(Unreadable(*source), ElementsAre("tensor \"?\" stands under a key that has no name",
                                               "tensor \"?\" stands under a key that has no name"));
}

// 1 and "1" are two keys of a dict, True and 1 are one.
TEST(UnreadableTensorsTest, TensorsOfOneNameAreBothGiven) {
  const auto source = Open(Number(1) + PickleOf({}) + Text("1") + PickleOf({}) + Text("a.b") + PickleOf({}) +
                           Text("a") + "}" + Text("b") + PickleOf({}) + "s");
  EXPECT_THAT(NamesIn(*source), ElementsAre("1", "1#2", "a.b", "a.b#2"));
  ASSERT_EQ(source->notes().size(), 2);
  EXPECT_THAT(source->notes()[0], HasSubstr("two tensors are reached as \"1\": one is called 1#2"));
  EXPECT_THAT(NamesIn(*Open("\x88" + PickleOf({}) + Number(1) + PickleOf({}))), ElementsAre("1"));
}

TEST(UnreadableTensorsTest, NamesHaveALimit) {
  const std::string longest(limits::kTensorNameBytesMax, 'n');
  EXPECT_THAT(NamesIn(*Open(Text(longest) + PickleOf({}))), ElementsAre(longest));
  const auto source = Open(Text(longest + "n") + PickleOf({}) + kPlain);
  EXPECT_THAT(NamesIn(*source), ElementsAre("w"));
  ASSERT_EQ(UnreadableIn(*source).size(), 1);
  EXPECT_EQ(UnreadableIn(*source)[0].name, longest);
  EXPECT_THAT(UnreadableIn(*source)[0].why, HasSubstr("a name of 1025 bytes"));
}

TEST(UnreadableTensorsTest, WhatObjectsHoldIsNamedUnlessOthersReadIt) {
  const std::string held = Call("my", "Ema", Text("decay")) + "}" + Text("shadow") + PickleOf({}) + "sb";
  EXPECT_THAT(Unreadable(*Open(Text("ema") + held)),
              ElementsAre("tensor \"ema\" is part of what \"my.Ema\" makes, which Plumb does not run"));
  EXPECT_THAT(Unreadable(*Open(Text("ema") + held + kPlain)), IsEmpty());
  EXPECT_THAT(Unreadable(*Open(Text("args") + Call("argparse", "Namespace", "") + kPlain)), IsEmpty());
}

TEST(UnreadableTensorsTest, StoragesWithoutTensorsAreNamed) {
  const std::string storage =
      "(" + Text("storage") + "ctorch\nFloatStorage\n" + Text("0") + Text("cpu") + Number(4) + "tQ";
  EXPECT_THAT(Unreadable(*Open(Text("s") + storage)), ElementsAre(HasSubstr("\"s\" is a storage")));
}

// What torch.jit.freeze leaves: all weights are constants of the program.
TEST(UnreadableTensorsTest, ConstantsOfProgramsAreTensors) {
  ZipSpec spec = Checkpoint("\x80\2}" + kPlain + "s.");
  spec.entries.push_back({.name = "archive/constants.pkl",
                          .data = "\x80\2" + PickleOf({.count = 2, .shape = {2}, .strides = {1}}) + "\x85."});
  spec.entries.push_back({.name = "archive/constants/0", .data = std::string("\0\0\x80\x3f\0\0\0\x40", 8)});
  auto source = OpenBytes(BuildZip(spec));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT(NamesIn(**source), ElementsAre("w", "constants.0"));
  EXPECT_THAT(FloatsOf(**source, "constants.0"), ElementsAre(1, 2));
}

TEST(UnreadableTensorsTest, AttributesOfModulesAreNoWeights) {
  const std::string module = Call("my", "Net", "") + "}(" + Text("_parameters") + "}" + Text("w") + PickleOf({}) + "s" +
                             Text("anchors") + PickleOf({.key = "1"}) + "ub";
  ZipSpec spec = Checkpoint("\x80\2" + module + ".");
  spec.entries.push_back({.name = "archive/data/1", .data = std::string(16, '\0')});
  auto source = OpenBytes(BuildZip(spec));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT(NamesIn(**source), ElementsAre("w"));
  ASSERT_EQ(UnreadableIn(**source).size(), 1);
  EXPECT_EQ(UnreadableIn(**source)[0].name, "anchors");
  EXPECT_FALSE(UnreadableIn(**source)[0].weight);
}

}  // namespace
}  // namespace plumb
