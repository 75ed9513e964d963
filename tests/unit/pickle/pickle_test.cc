#include "plumb/pickle/pickle.h"

#include <gmock/gmock.h>

#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A pickle and the bytes it borrows.
struct Parsed {
  std::string bytes;
  absl::StatusOr<Pickle> pickle;
};

std::span<const uint8_t> Bytes(const std::string& text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string ErrorOf(const std::string& bytes) {
  absl::StatusOr<Pickle> pickle = Pickle::Parse(Bytes(bytes));
  if (pickle.ok()) return "";
  EXPECT_EQ(ErrorClassOf(pickle.status()), ErrorClass::kPolicy);
  return std::string(Message(pickle.status()));
}

using namespace std::string_literals;

TEST(PickleTest, ReadsNumbersOfEveryOpcode) {
  const std::string bytes =
      "(I-7\nI01\nL12345678901234567890L\nJ\xff\xff\xff\xffK\xffM\xff\xff\x8a\x02\x00\x80\x8a\x00G\x3f\xf8\0\0\0\0\0\0F-2.5\nN\x88t."s;
  absl::StatusOr<Pickle> pickle = Pickle::Parse(Bytes(bytes));
  ASSERT_TRUE(pickle.ok()) << pickle.status();
  auto items = pickle->items(pickle->root());
  ASSERT_EQ(items.size(), 12);
  EXPECT_EQ(pickle->integer(items[0]), -7);
  EXPECT_EQ(pickle->kind(items[1]), PickleKind::kBool);
  EXPECT_EQ(pickle->kind(items[2]), PickleKind::kBigInteger);
  EXPECT_EQ(pickle->integer(items[3]), -1);
  EXPECT_EQ(pickle->integer(items[4]), 255);
  EXPECT_EQ(pickle->integer(items[5]), 65535);
  EXPECT_EQ(pickle->integer(items[6]), -32768);
  EXPECT_EQ(pickle->integer(items[7]), 0);
  EXPECT_EQ(pickle->real(items[8]), 1.5);
  EXPECT_EQ(pickle->real(items[9]), -2.5);
  EXPECT_EQ(pickle->kind(items[10]), PickleKind::kNone);
  EXPECT_EQ(pickle->integer(items[11]), 1);
}

TEST(PickleTest, ReadsTextsOfEveryOpcode) {
  const std::string bytes = "(S'a\\n\\x41'\nU\1bT\1\0\0\0cV\\u00e4\\\nX\2\0\0\0\xc3\xa4\x8c\1eC\1fB\1\0\0\0gt."s;
  absl::StatusOr<Pickle> pickle = Pickle::Parse(Bytes(bytes));
  ASSERT_TRUE(pickle.ok()) << pickle.status();
  std::vector<std::string> texts;
  for (PickleId id : pickle->items(pickle->root())) texts.emplace_back(pickle->text(id));
  EXPECT_THAT(texts, ElementsAre("a\nA", "b", "c", "\xc3\xa4\\", "\xc3\xa4", "e", "f", "g"));
}

TEST(PickleTest, SharedValuesStayShared) {
  const std::string bytes = "(]q\0h\0h\0t."s;
  absl::StatusOr<Pickle> pickle = Pickle::Parse(Bytes(bytes));
  ASSERT_TRUE(pickle.ok()) << pickle.status();
  auto items = pickle->items(pickle->root());
  ASSERT_EQ(items.size(), 3);
  EXPECT_EQ(items[0], items[1]);
  EXPECT_EQ(items[0], items[2]);
}

TEST(PickleTest, ACycleIsNoTrap) {
  absl::StatusOr<Pickle> pickle = Pickle::Parse(Bytes("]q\0h\0a."s));
  ASSERT_TRUE(pickle.ok()) << pickle.status();
  EXPECT_THAT(pickle->items(pickle->root()), ElementsAre(pickle->root()));
}

TEST(PickleTest, ImportsAndCallsAreNotedAndNotDone) {
  // os.system("x") by GLOBAL and REDUCE, by INST, by OBJ, by STACK_GLOBAL, each dropped again.
  const std::string bytes =
      "\x80\4cos\nsystem\n(U\1xtR0(U\1xios\npopen\n0(cposix\nsystem\nU\1xo0\x8c\2nt\x8c\6system\x93"
      "0N."s;
  absl::StatusOr<Pickle> pickle = Pickle::Parse(Bytes(bytes));
  ASSERT_TRUE(pickle.ok()) << pickle.status();
  ASSERT_EQ(pickle->globals().size(), 4);
  EXPECT_EQ(pickle->globals()[0], (PickleGlobal{"os", "system", 2}));
  EXPECT_EQ(pickle->globals()[1].name, "popen");
  EXPECT_EQ(pickle->globals()[2].module, "posix");
  EXPECT_EQ(pickle->globals()[3].module, "nt");
  EXPECT_EQ(pickle->kind(pickle->root()), PickleKind::kNone);
  EXPECT_EQ(pickle->consumed(), bytes.size());
}

TEST(PickleTest, CallsKeepWhatIsPutIntoTheirResult) {
  const std::string bytes = "ccollections\nOrderedDict\n)R(U\1aK\1U\1bK\2u}U\1sK\3sb."s;
  absl::StatusOr<Pickle> pickle = Pickle::Parse(Bytes(bytes));
  ASSERT_TRUE(pickle.ok()) << pickle.status();
  EXPECT_EQ(pickle->kind(pickle->root()), PickleKind::kCall);
  EXPECT_TRUE(pickle->IsGlobal(pickle->items(pickle->root())[0], "collections.OrderedDict"));
  EXPECT_EQ(pickle->entries(pickle->root()).size(), 4);
  const PickleId state = pickle->state(pickle->root());
  ASSERT_NE(state, Pickle::kNoState);
  EXPECT_EQ(pickle->text(pickle->items(state)[0]), "s");
}

TEST(PickleTest, EveryBrokenProgramHasItsError) {
  const std::pair<std::string, const char*> cases[] = {
      {"", "ends without STOP"},
      {".", "stack is empty"},
      {"(.", "stack is empty"},
      {"0.", "stack is empty"},
      {"a.", "stack is empty"},
      {"t.", "no mark"},
      {"N(t", "ends without STOP"},
      {"\xff.", "0xff is no opcode"},
      {"\x80\6N.", "newer than 5"},
      {"\x82\1.", "extension code"},
      {"\x97.", "buffer from outside"},
      {"h\0."s, "nothing was remembered"},
      {"gx\n.", "not a number"},
      {"Np99999999999\n.", "memo is too large"},
      {"X\xff\xff\xff\xff.", "are announced"},
      {"\x8e\xff\xff\xff\xff\xff\xff\xff\xff.", "are announced"},
      {"\x8b\xff\xff\xff\x7f.", "are announced"},
      {"\x95\xff\0\0\0\0\0\0\0N."s, "frame goes past"},
      {"cos\nsystem", "does not end"},
      {"S'a\n.", "no quotes"},
      {"Ix\n.", "not one"},
      {"Fx\n.", "not one"},
      {"K\1K\1\x93.", "not text"},
      {"c\xff\n\xff\n.", "not text"},
      {"cos\nsystem\nNR.", "not a tuple"},
      {"(K\1d.", "without a value"},
      {"}(K\1u.", "without a value"},
      {"K\1K\1a.", "holds none"},
      {"(o.", "no class"},
  };
  for (const auto& [bytes, says] : cases) EXPECT_THAT(ErrorOf(bytes), HasSubstr(says)) << testing::PrintToString(bytes);
}

TEST(PickleTest, ValuesAreCountedAgainstTheLimit) {
  const std::string fits = "(" + std::string(limits::kPickleNodesMax - 2, 'N') + "1N.";
  EXPECT_EQ(ErrorOf(fits), "");
  const std::string beyond = "(" + std::string(limits::kPickleNodesMax + 1, 'N') + "1N.";
  EXPECT_THAT(ErrorOf(beyond), HasSubstr("more than 4000000 values"));
}

TEST(PickleTest, BytesAreCountedAgainstTheLimit) {
  std::string bytes = "B" + std::string("\xf0\xff\xff\x03", 4) + std::string(0x3fffff0, 'x') + "0";
  bytes += std::string(limits::kPickleBytesMax - bytes.size() - 2, '(') + "N.";
  EXPECT_EQ(ErrorOf(bytes), "");
  bytes.insert(bytes.size() - 2, "(");
  EXPECT_THAT(ErrorOf(bytes), HasSubstr("no STOP within"));
}

}  // namespace
}  // namespace plumb
