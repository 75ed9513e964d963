#include "formats/codec/rans.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "fmt/format.h"
#include "formats/codec/instruction_set.h"
#include "formats/codec/rans_kernels.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// More lanes are faster and cost four bytes each.
constexpr size_t kManyLanesFrom = 64u << 10;

const RansKernels& Kernels() {
#if defined(__x86_64__)
  switch (ActiveInstructionSet()) {
    case InstructionSet::kAvx512:
      return Avx512RansKernels();
    case InstructionSet::kAvx2:
      return Avx2RansKernels();
    case InstructionSet::kPortable:
      break;
  }
#endif
  return PortableRansKernels();
}

using States = std::array<uint32_t, kRansLanesMany>;

uint32_t LoadWord(const uint8_t* from, size_t bytes) {
  uint32_t value = 0;
  for (size_t i = 0; i < bytes; ++i) value |= uint32_t{from[i]} << (8 * i);
  return value;
}

// Runs the kernel on the words themselves, then on a copy of the last ones that has room behind it.
void DecodeWholeSteps(RansDecodeKernel kernel, size_t lanes, const uint32_t* slots, const uint8_t* contexts,
                      size_t count, uint8_t* symbols, States* states, RansPosition* position) {
  kernel(slots, contexts, count, symbols, states->data(), position);
  if (position->done == count) return;
  const size_t margin_bytes = 2 * (lanes + kRansSlackWords);
  std::array<uint8_t, 4 * (kRansLanesMany + kRansSlackWords)> tail{};
  auto left = static_cast<size_t>(position->words_end - position->words);
  std::memcpy(tail.data(), position->words, left);
  RansPosition at_tail = {tail.data(), tail.data() + left + margin_bytes, position->done};
  kernel(slots, contexts, count, symbols, states->data(), &at_tail);
  auto used = static_cast<size_t>(at_tail.words - tail.data());
  // A kernel that ran past the end has stopped there, with symbols or words missing.
  position->done = used > left ? 0 : at_tail.done;
  position->words += std::min(used, left);
}

// The symbols from `whole` on, one by one. False when the words end before.
bool DecodeRest(const uint32_t* slots, std::span<const uint8_t> contexts, size_t whole, std::span<uint8_t> symbols,
                States* states, RansPosition* position) {
  for (size_t i = whole; i < symbols.size(); ++i) {
    uint32_t& state = (*states)[i - whole];
    size_t context = contexts.empty() ? 0 : contexts[i];
    uint32_t slot = slots[context << FrequencyTable::kScaleBits | (state & (FrequencyTable::kScale - 1))];
    symbols[i] = static_cast<uint8_t>(slot);
    state = RansAdvance(slot, state);
    if (state >= kRansStateMin) continue;
    if (position->words == position->words_end) return false;
    state = state << 16 | LoadWord(position->words, 2);
    position->words += 2;
  }
  return true;
}

absl::Status Short(size_t symbols) {
  return DataLoss(fmt::format("decoding {} symbols: the stream ends before the last of them", symbols));
}

}  // namespace

size_t RansLanes(size_t symbols) { return symbols >= kManyLanesFrom ? kRansLanesMany : kRansLanesFew; }

void RansEncoder::FillIntervals(std::span<const FrequencyTable> tables) {
  intervals_.resize(tables.size() << 8);
  reciprocals_.resize(tables.size() << 8);
  for (size_t t = 0; t < tables.size(); ++t) {
    uint32_t start = 0;
    for (size_t symbol = 0; symbol < 256; ++symbol) {
      uint32_t frequency = tables[t].frequencies[symbol];
      intervals_[t << 8 | symbol] = frequency | start << 16;
      // Below the true value by more than three roundings, above it by less than what makes a quotient wrong by two.
      reciprocals_[t << 8 | symbol] = 0.9999997f / static_cast<float>(std::max(frequency, 1u));
      start += frequency;
    }
  }
}

std::span<const uint8_t> RansEncoder::Encode(std::span<const uint8_t> symbols, std::span<const uint8_t> contexts,
                                             std::span<const FrequencyTable> tables) {
  FillIntervals(tables);
  const size_t lanes = RansLanes(symbols.size());
  const size_t state_bytes = lanes * sizeof(uint32_t);
  const size_t whole = symbols.size() / lanes * lanes;
  stream_.resize(std::max(stream_.size(), state_bytes + 2 * symbols.size()));
  States states;
  states.fill(kRansStateMin);
  uint8_t* words = stream_.data() + stream_.size();
  for (size_t i = symbols.size(); i-- > whole;) {
    size_t context = contexts.empty() ? 0 : contexts[i];
    size_t index = context << 8 | symbols[i];
    RansEncodeOne(intervals_[index], reciprocals_[index], &states[i % lanes], &words);
  }
  RansEncodeKernel kernel = lanes == kRansLanesMany ? Kernels().encode_many : Kernels().encode_few;
  const uint8_t* context_data = contexts.empty() ? nullptr : contexts.data();
  words = kernel(symbols.data(), context_data, whole, {intervals_.data(), reciprocals_.data()}, words, states.data());
  words -= state_bytes;
  for (size_t i = 0; i < state_bytes; ++i) words[i] = static_cast<uint8_t>(states[i / 4] >> (8 * (i % 4)));
  return {words, stream_.data() + stream_.size()};
}

void RansDecoder::FillSlots(std::span<const FrequencyTable> tables) {
  slots_.resize(tables.size() * FrequencyTable::kScale);
  size_t next = 0;
  for (const FrequencyTable& table : tables) {
    for (uint32_t symbol = 0; symbol < 256; ++symbol) {
      uint32_t frequency = table.frequencies[symbol];
      for (uint32_t bias = 0; bias < frequency; ++bias) slots_[next++] = symbol | bias << 8 | frequency << 20;
    }
  }
}

absl::Status RansDecoder::Decode(std::span<const uint8_t> stream, std::span<const uint8_t> contexts,
                                 std::span<const FrequencyTable> tables, std::span<uint8_t> symbols) {
  FillSlots(tables);
  const size_t lanes = RansLanes(symbols.size());
  const size_t state_bytes = lanes * sizeof(uint32_t);
  if (stream.size() < state_bytes || stream.size() % 2 != 0) return Short(symbols.size());
  States states{};
  for (size_t lane = 0; lane < lanes; ++lane) states[lane] = LoadWord(&stream[4 * lane], 4);
  const size_t whole = symbols.size() / lanes * lanes;
  const uint8_t* context_data = contexts.empty() ? nullptr : contexts.data();
  RansPosition position = {stream.data() + state_bytes, stream.data() + stream.size(), 0};
  RansDecodeKernel kernel = lanes == kRansLanesMany ? Kernels().decode_many : Kernels().decode_few;
  DecodeWholeSteps(kernel, lanes, slots_.data(), context_data, whole, symbols.data(), &states, &position);
  if (position.done != whole) return Short(symbols.size());
  if (!DecodeRest(slots_.data(), contexts, whole, symbols, &states, &position)) return Short(symbols.size());
  bool clean = std::all_of(states.begin(), states.begin() + static_cast<ptrdiff_t>(lanes),
                           [](uint32_t state) { return state == kRansStateMin; });
  if (!clean || position.words != position.words_end) {
    return DataLoss(fmt::format("decoding {} symbols: the stream does not end with the last of them", symbols.size()));
  }
  return absl::OkStatus();
}

}  // namespace plumb
