// Writes pickles of protocol 2 as Python's own pickler does.
#ifndef PLUMB_FORMATS_PYTORCH_PICKLE_WRITER_H_
#define PLUMB_FORMATS_PYTORCH_PICKLE_WRITER_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>

namespace plumb {

// One opcode after another. Every value that Python would remember is remembered, and what is written again by the
// same text (imports, and texts that are one object in Python) refers back.
class PickleWriter {
 public:
  PickleWriter() { bytes_ = "\x80\x02"; }

  void Import(std::string_view module, std::string_view name);
  // A text that is an object of its own.
  void NewText(std::string_view text);
  // A text that may have been written before.
  void Text(std::string_view text);
  void Number(uint64_t number);
  void Numbers(std::span<const uint64_t> numbers);  // As a tuple.
  void False() { bytes_ += '\x89'; }
  void Mark() { bytes_ += '('; }
  // A tuple of everything since the mark, four or more values.
  void TupleSinceMark();
  void EmptyTuple() { bytes_ += ')'; }
  // Calls what was imported with the tuple after it.
  void Reduce();
  void PersistentId() { bytes_ += 'Q'; }
  // Keys and values since the mark, or the last ones, are put into the dictionary before.
  void SetItemsSinceMark() { bytes_ += 'u'; }
  void SetItem() { bytes_ += 's'; }
  std::string Stop() {
    bytes_ += '.';
    return std::move(bytes_);
  }

 private:
  void Remember();
  // Writes a reference to what was remembered under `key`; false when nothing was, and then it is from now on.
  bool Recall(std::string key);
  void Little(uint64_t number, int count);

  std::string bytes_;
  uint32_t remembered_ = 0;
  std::map<std::string, uint32_t, std::less<>> known_;
};

}  // namespace plumb

#endif  // PLUMB_FORMATS_PYTORCH_PICKLE_WRITER_H_
