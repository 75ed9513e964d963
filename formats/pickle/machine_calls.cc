// Imports, calls and what is named outside: noted down, never done.
#include "fmt/format.h"
#include "formats/pickle/machine.h"
#include "plumb/base/path.h"

namespace plumb {

void PickleMachine::PushGlobal(std::string_view module, std::string_view name) {
  if (failed()) return;
  if (!IsValidUtf8(module) || !IsValidUtf8(name)) return Fail("an imported name is not text");
  pickle_.globals_.push_back({std::string(module), std::string(name), opcode_at_});
  PushOwnedText(PickleKind::kGlobal, fmt::format("{}.{}", module, name));
}

void PickleMachine::PushCall(PickleId callable, PickleId arguments) {
  if (failed()) return;
  if (pickle_.kind(arguments) != PickleKind::kTuple) return Fail("arguments are not a tuple");
  PushList(PickleKind::kCall, {callable, arguments});
}

bool PickleMachine::StepImport(Opcode opcode) {
  switch (opcode) {
    case Opcode::kGlobal: {
      std::string_view module = TakeLine();
      return PushGlobal(module, TakeLine()), true;
    }
    case Opcode::kStackGlobal: {
      const PickleId name = Pop();
      const PickleId module = Pop();
      if (failed()) return true;
      if (pickle_.kind(name) != PickleKind::kText || pickle_.kind(module) != PickleKind::kText) {
        Fail("a name to import is not text");
        return true;
      }
      return PushGlobal(pickle_.text(module), pickle_.text(name)), true;
    }
    case Opcode::kPersId: {
      const std::string_view line = TakeLine();
      PushText(PickleKind::kText, line);
      return PushList(PickleKind::kPersistent, {Pop()}), true;
    }
    case Opcode::kBinPersId:
      return PushList(PickleKind::kPersistent, {Pop()}), true;
    default:
      return false;
  }
}

bool PickleMachine::StepCall(Opcode opcode) {
  switch (opcode) {
    case Opcode::kReduce:
    case Opcode::kNewObj: {
      const PickleId arguments = Pop();
      return PushCall(Pop(), arguments), true;
    }
    case Opcode::kNewObjEx: {
      const PickleId named = Pop();
      const PickleId arguments = Pop();
      const PickleId callable = Pop();
      PushCall(callable, arguments);
      // Named arguments matter to no class that is understood; the node keeps them as entries.
      if (!failed()) Extend(Top(), {&named, 1});
      return true;
    }
    case Opcode::kInst: {
      std::string_view module = TakeLine();
      std::string_view name = TakeLine();
      std::vector<PickleId> arguments = PopToMark();
      PushGlobal(module, name);
      const PickleId callable = Pop();
      return PushCall(callable, MakeTuple(std::move(arguments))), true;
    }
    case Opcode::kObj: {
      std::vector<PickleId> items = PopToMark();
      if (items.empty()) {
        Fail("OBJ has no class");
        return true;
      }
      const PickleId callable = items.front();
      items.erase(items.begin());
      return PushCall(callable, MakeTuple(std::move(items))), true;
    }
    case Opcode::kBuild: {
      const PickleId state = Pop();
      const PickleId target = Top();
      if (!failed()) pickle_.states_.emplace_back(target, state);
      return true;
    }
    default:
      return false;
  }
}

}  // namespace plumb
