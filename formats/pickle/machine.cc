#include "formats/pickle/machine.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"

namespace plumb {

absl::StatusOr<Pickle> PickleMachine::Run() {
  bytes_ = bytes_.first(std::min<uint64_t>(bytes_.size(), limits::kPickleBytesMax));
  while (!failed()) {
    opcode_at_ = at_;
    if (at_ == bytes_.size()) {
      if (bytes_.size() == limits::kPickleBytesMax) Fail("there is no STOP within the bytes that are read");
      FailShort("the pickle ends without STOP");
      break;
    }
    const auto opcode = static_cast<Opcode>(bytes_[at_++]);
    if (opcode == Opcode::kStop) {
      pickle_.root_ = Pop();
      break;
    }
    Step(opcode);
  }
  if (failed()) return status_;
  pickle_.consumed_ = at_;
  std::stable_sort(pickle_.states_.begin(), pickle_.states_.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  return std::move(pickle_);
}

void PickleMachine::Step(Opcode opcode) {
  switch (opcode) {
    case Opcode::kProto:
      if (TakeNumber(1) > 5) Fail("its protocol is newer than 5");
      return;
    case Opcode::kFrame:
      if (TakeNumber(8) > bytes_.size() - at_) FailShort("a frame goes past the end");
      return;
    case Opcode::kExt1:
    case Opcode::kExt2:
    case Opcode::kExt4:
      return Fail("an extension code names something that only one program knows");
    case Opcode::kNextBuffer:
    case Opcode::kReadOnlyBuffer:
      return Fail("it needs a buffer from outside");
    default:
      break;
  }
  const bool known = StepNumber(opcode) || StepText(opcode) || StepContainer(opcode) || StepItems(opcode) ||
                     StepMemo(opcode) || StepImport(opcode) || StepCall(opcode);
  if (!known) Fail(fmt::format("{:#04x} is no opcode", static_cast<unsigned>(opcode)));
}

void PickleMachine::FailShort(std::string_view why) {
  if (failed()) return;
  Fail(why);
  status_ = WithErrorClass(DataLoss(std::string(Message(status_))), ErrorClass::kPolicy);
}

void PickleMachine::Fail(std::string_view why) {
  if (failed()) return;
  status_ = WithErrorClass(InvalidArgument(fmt::format("pickle, byte {}: {}", opcode_at_, why)), ErrorClass::kPolicy);
}

std::string_view PickleMachine::Take(uint64_t count) {
  if (count > bytes_.size() - at_) {
    FailShort(fmt::format("{} bytes are announced, {} are left", count, bytes_.size() - at_));
    return "";
  }
  const char* begin = reinterpret_cast<const char*>(bytes_.data()) + at_;
  at_ += count;
  return {begin, count};
}

uint64_t PickleMachine::TakeNumber(unsigned bytes) {
  uint64_t number = 0;
  std::string_view taken = Take(bytes);
  for (size_t i = 0; i < taken.size(); ++i) number |= uint64_t{static_cast<uint8_t>(taken[i])} << (8 * i);
  return number;
}

std::string_view PickleMachine::TakeLine() {
  std::span<const uint8_t> left = bytes_.subspan(at_);
  auto end = std::find(left.begin(), left.end(), uint8_t{'\n'});
  if (end == left.end()) {
    FailShort("a line does not end");
    return "";
  }
  std::string_view line = Take(static_cast<uint64_t>(end - left.begin()));
  ++at_;
  return line;
}

PickleId PickleMachine::Pop() {
  const PickleId top = Top();
  if (!failed()) stack_.pop_back();
  return top;
}

PickleId PickleMachine::Top() {
  if (!stack_.empty() && stack_.back() != kMark) return stack_.back();
  Fail("the stack is empty");
  if (pickle_.nodes_.empty()) pickle_.nodes_.emplace_back();
  return 0;
}

std::vector<PickleId> PickleMachine::PopToMark() {
  auto mark = std::find(stack_.rbegin(), stack_.rend(), kMark);
  if (mark == stack_.rend()) {
    Fail("there is no mark on the stack");
    return {};
  }
  std::vector<PickleId> items(mark.base(), stack_.end());
  stack_.erase(mark.base() - 1, stack_.end());
  return items;
}

PickleId PickleMachine::Make(PickleKind kind) {
  if (pickle_.nodes_.size() >= limits::kPickleNodesMax) {
    Fail(fmt::format("more than {} values", limits::kPickleNodesMax));
    return 0;
  }
  pickle_.nodes_.push_back({.kind = kind, .position = static_cast<uint32_t>(opcode_at_)});
  return static_cast<PickleId>(pickle_.nodes_.size() - 1);
}

void PickleMachine::PushNumber(PickleKind kind, uint64_t number) {
  const PickleId id = Make(kind);
  if (failed()) return;
  pickle_.nodes_[id].number = number;
  Push(id);
}

void PickleMachine::PushText(PickleKind kind, std::string_view text) {
  const PickleId id = Make(kind);
  if (failed()) return;
  pickle_.nodes_[id].text = text;
  Push(id);
}

void PickleMachine::PushOwnedText(PickleKind kind, std::string text) {
  pickle_.texts_.push_back(std::move(text));
  PushText(kind, pickle_.texts_.back());
}

PickleId PickleMachine::MakeTuple(std::vector<PickleId> items) {
  const PickleId id = Make(PickleKind::kTuple);
  if (failed() || items.empty()) return id;
  pickle_.nodes_[id].list = static_cast<uint32_t>(pickle_.lists_.size());
  pickle_.lists_.push_back(std::move(items));
  return id;
}

void PickleMachine::PushList(PickleKind kind, std::vector<PickleId> items) {
  const PickleId id = MakeTuple(std::move(items));
  if (failed()) return;
  pickle_.nodes_[id].kind = kind;
  Push(id);
}

void PickleMachine::Extend(PickleId target, std::span<const PickleId> items) {
  if (failed()) return;
  Node& node = pickle_.nodes_[target];
  const bool container =
      node.kind == PickleKind::kList || node.kind == PickleKind::kSet || node.kind == PickleKind::kDict;
  if (!container && node.kind != PickleKind::kCall) return Fail("items are put into something that holds none");
  uint32_t& list = container ? node.list : node.entries;
  if (list == UINT32_MAX) {
    list = static_cast<uint32_t>(pickle_.lists_.size());
    pickle_.lists_.emplace_back();
  }
  pickle_.lists_[list].insert(pickle_.lists_[list].end(), items.begin(), items.end());
}

bool PickleMachine::StepContainer(Opcode opcode) {
  switch (opcode) {
    case Opcode::kMark:
      // Marks cost memory too.
      if (stack_.size() >= limits::kPickleNodesMax) Fail("the stack is too deep");
      Push(kMark);
      return true;
    case Opcode::kEmptyTuple:
      return PushList(PickleKind::kTuple, {}), true;
    case Opcode::kEmptyList:
      return PushList(PickleKind::kList, {}), true;
    case Opcode::kEmptyDict:
      return PushList(PickleKind::kDict, {}), true;
    case Opcode::kEmptySet:
      return PushList(PickleKind::kSet, {}), true;
    case Opcode::kTuple:
      return PushList(PickleKind::kTuple, PopToMark()), true;
    case Opcode::kList:
      return PushList(PickleKind::kList, PopToMark()), true;
    case Opcode::kFrozenSet:
      return PushList(PickleKind::kSet, PopToMark()), true;
    case Opcode::kDict: {
      std::vector<PickleId> items = PopToMark();
      if (items.size() % 2 != 0) Fail("a dict has a key without a value");
      return PushList(PickleKind::kDict, std::move(items)), true;
    }
    case Opcode::kTuple1:
    case Opcode::kTuple2:
    case Opcode::kTuple3: {
      std::vector<PickleId> items(static_cast<size_t>(opcode) - static_cast<size_t>(Opcode::kTuple1) + 1);
      for (auto item = items.rbegin(); item != items.rend(); ++item) *item = Pop();
      return PushList(PickleKind::kTuple, std::move(items)), true;
    }
    default:
      return false;
  }
}

bool PickleMachine::StepItems(Opcode opcode) {
  switch (opcode) {
    case Opcode::kAppend: {
      const PickleId item = Pop();
      return Extend(Top(), {&item, 1}), true;
    }
    case Opcode::kSetItem: {
      const PickleId value = Pop();
      const PickleId pair[] = {Pop(), value};
      return Extend(Top(), pair), true;
    }
    case Opcode::kAppends:
    case Opcode::kAddItems: {
      const std::vector<PickleId> items = PopToMark();
      return Extend(Top(), items), true;
    }
    case Opcode::kSetItems: {
      const std::vector<PickleId> items = PopToMark();
      if (items.size() % 2 != 0) Fail("a dict has a key without a value");
      return Extend(Top(), items), true;
    }
    case Opcode::kPop:
      if (!stack_.empty() && stack_.back() == kMark) {
        stack_.pop_back();
      } else {
        Pop();
      }
      return true;
    case Opcode::kPopMark:
      return PopToMark(), true;
    case Opcode::kDup:
      return Push(Top()), true;
    default:
      return false;
  }
}

void PickleMachine::Memoize(uint64_t index, PickleId id) {
  if (failed()) return;
  // Writers count from 0; a place far out is no writer's, and each place costs memory.
  if (index > limits::kPickleNodesMax || memo_.size() >= limits::kPickleNodesMax) return Fail("its memo is too large");
  memo_[index] = id;
}

void PickleMachine::Recall(uint64_t index) {
  auto found = memo_.find(index);
  if (found == memo_.end()) return Fail(fmt::format("nothing was remembered under {}", index));
  Push(found->second);
}

}  // namespace plumb
