// The stack machine that a pickle is a program for.
#ifndef PLUMB_FORMATS_PICKLE_MACHINE_H_
#define PLUMB_FORMATS_PICKLE_MACHINE_H_

#include <map>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "formats/pickle/opcodes.h"
#include "plumb/pickle/pickle.h"

namespace plumb {

// Runs one pickle into a Pickle. The first error is kept; steps after it do nothing. Not thread-safe.
class PickleMachine {
 public:
  explicit PickleMachine(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  absl::StatusOr<Pickle> Run();

 private:
  using Node = Pickle::Node;
  static constexpr PickleId kMark = UINT32_MAX;

  // One opcode each; false for an opcode of another group.
  void Step(Opcode opcode);
  bool StepNumber(Opcode opcode);
  bool StepText(Opcode opcode);
  bool StepContainer(Opcode opcode);
  bool StepItems(Opcode opcode);
  bool StepMemo(Opcode opcode);
  bool StepImport(Opcode opcode);
  bool StepCall(Opcode opcode);

  void Fail(std::string_view why);
  void FailShort(std::string_view why);  // The bytes end before what they announce.
  bool failed() const { return !status_.ok(); }

  // Reading arguments. Zeros and empty texts after an error.
  std::string_view Take(uint64_t count);
  uint64_t TakeNumber(unsigned bytes);
  std::string_view TakeLine();

  // The stack.
  PickleId Pop();
  PickleId Top();
  // What lies above the last mark, which goes too.
  std::vector<PickleId> PopToMark();
  void Push(PickleId id) { stack_.push_back(id); }

  // Making nodes.
  PickleId Make(PickleKind kind);
  void PushNumber(PickleKind kind, uint64_t number);
  void PushText(PickleKind kind, std::string_view text);
  void PushOwnedText(PickleKind kind, std::string text);
  void PushList(PickleKind kind, std::vector<PickleId> items);
  void PushLong(std::string_view little_endian);
  void PushDecimal(std::string_view digits, bool may_be_bool);
  void PushGlobal(std::string_view module, std::string_view name);
  void PushCall(PickleId callable, PickleId arguments);
  PickleId MakeTuple(std::vector<PickleId> items);
  // Adds to a container, or to the entries of the result of a call.
  void Extend(PickleId target, std::span<const PickleId> items);
  void Memoize(uint64_t index, PickleId id);
  void Recall(uint64_t index);

  std::span<const uint8_t> bytes_;
  uint64_t at_ = 0;
  uint64_t opcode_at_ = 0;
  absl::Status status_;
  Pickle pickle_;
  std::vector<PickleId> stack_;
  std::map<uint64_t, PickleId> memo_;
};

}  // namespace plumb

#endif  // PLUMB_FORMATS_PICKLE_MACHINE_H_
