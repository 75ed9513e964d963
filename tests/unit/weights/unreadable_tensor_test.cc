// Tensors that cannot be given, as notes and back.
#include "plumb/weights/unreadable_tensor.h"

#include <gmock/gmock.h>

#include "plumb/base/limits.h"
#include "plumb/weights/append_source.h"

namespace plumb {
namespace {

using testing::ElementsAre;

std::unique_ptr<TensorSource> SourceOf(std::vector<std::string> notes) {
  TensorSourceParts parts = {.format = "memory", .notes = std::move(notes)};
  return std::move(*TensorSource::New(std::move(parts)));
}

TEST(UnreadableTensorTest, WhatIsNotedIsFoundAgain) {
  std::vector<std::string> notes = {"a note"};
  const std::string odd = "a \"b\\ \n\x1b[31m \xC3\xA9 is sparse";
  NoteUnreadable({odd, "is sparse"}, &notes);
  NoteUnreadable({"", "holds texts", false}, &notes);
  const auto source = SourceOf(notes);
  const std::vector<UnreadableTensor> found = UnreadableIn(*source);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].name, odd);
  EXPECT_EQ(found[0].why, "is sparse");
  EXPECT_TRUE(found[0].weight);
  EXPECT_EQ(found[1].name, "");
  EXPECT_FALSE(found[1].weight);
  EXPECT_THAT(OtherNotes(*source), ElementsAre("a note"));
  EXPECT_EQ(UnreadableText({"w", "is sparse"}), "tensor \"w\" is sparse");
}

TEST(UnreadableTensorTest, NamesAreMadePresentable) {
  std::vector<std::string> notes;
  NoteUnreadable({"\xff", "is sparse"}, &notes);
  NoteUnreadable({std::string(limits::kTensorNameBytesMax - 1, 'a') + "\xC3\xA9", "is sparse"}, &notes);
  const std::vector<UnreadableTensor> found = UnreadableIn(*SourceOf(notes));
  EXPECT_EQ(found[0].name.find('\xff'), std::string::npos);
  EXPECT_EQ(found[1].name, std::string(limits::kTensorNameBytesMax - 1, 'a'));
}

TEST(UnreadableTensorTest, OtherNotesAreNone) {
  for (const char* note : {"not read: tensor", "not read: tensor \"a", "not read: tensor a is sparse",
                           "left out: tensor \"a\"", "not read: tensor \"\\x\" is", "not read: tensor \"a\\\""}) {
    EXPECT_FALSE(IsUnreadableNote(note)) << note;
  }
}

TEST(UnreadableTensorTest, JoinedSourcesKeepThem) {
  std::vector<std::string> notes = {"a note"};
  NoteUnreadable({"w", "is sparse"}, &notes);
  TensorSourceParts parts = {.format = "memory"};
  AppendSource(*SourceOf(notes), &parts);
  EXPECT_THAT(parts.notes, ElementsAre("memory: a note", "not read: tensor \"w\" is sparse"));
}

}  // namespace
}  // namespace plumb
