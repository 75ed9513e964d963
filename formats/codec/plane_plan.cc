#include "formats/codec/plane_plan.h"

#include <algorithm>
#include <cstring>

#include "formats/codec/histogram.h"

namespace plumb {
namespace {

// A plane this large is looked at in samples before it is counted.
constexpr size_t kSampleFrom = 64u << 10;
constexpr size_t kSampleBytes = 1024;
// One byte in sixteen; pieces wander, lest they always meet the same part of a row.
constexpr size_t kSampleStepBytes = 16 * kSampleBytes + 64;
// A plane has to shrink by one part in so many to be worth a decoder's time.
constexpr size_t kGainPart = 64;

constexpr size_t kZstdSampleBytes = 16u << 10;

size_t WorthStoring(size_t plain_bytes) { return plain_bytes - plain_bytes / kGainPart; }

bool IsConstant(std::span<const uint8_t> plane) {
  return std::memcmp(plane.data(), plane.data() + 1, plane.size() - 1) == 0;
}

std::vector<Histogram> CountSample(std::span<const uint8_t> plane, const PlaneContexts& contexts) {
  SymbolCounter counter(contexts.count);
  const size_t piece = plane.size() < kSampleFrom ? plane.size() : kSampleBytes;
  for (size_t begin = 0; begin + piece <= plane.size(); begin += kSampleStepBytes) {
    counter.Add(plane.subspan(begin, piece), contexts.Slice(begin, piece));
  }
  return counter.Counts();
}

std::vector<Histogram> Count(std::span<const uint8_t> plane, const PlaneContexts& contexts) {
  if (contexts.count == 1) return {EstimateCounts(plane)};
  SymbolCounter counter(contexts.count);
  counter.Add(plane, contexts.of_symbols);
  return counter.Counts();
}

// A rANS plan for symbols counted like this, and how many bytes the stream itself takes.
PlanePlan RansPlan(PlaneMode mode, size_t symbols, std::span<const Histogram> counts) {
  PlanePlan plan = {.mode = mode};
  uint64_t bits = 0;
  for (const Histogram& count : counts) {
    const FrequencyTable& table = plan.tables.emplace_back(FrequencyTable::From(count));
    table.AppendTo(&plan.head);
    bits += table.CostBits(count);
  }
  plan.size_bytes = plan.head.size() + RansStateBytes(symbols) + bits / 8;
  return plan;
}

// The better of one table and a table for each context.
PlanePlan BestRansPlan(size_t symbols, std::span<const Histogram> counts, const Histogram& sum) {
  PlanePlan best = RansPlan(PlaneMode::kRans, symbols, {&sum, 1});
  if (counts.size() == 1) return best;
  PlanePlan by_context = RansPlan(PlaneMode::kRansByContext, symbols, counts);
  return by_context.size_bytes < best.size_bytes ? by_context : best;
}

}  // namespace

PlanePlan PlanePlanner::Sketch(std::span<const uint8_t> plane, const PlaneContexts& contexts) {
  if (IsConstant(plane)) return {.mode = PlaneMode::kConstant, .size_bytes = 1};
  std::vector<Histogram> sample = CountSample(plane, contexts);
  Histogram sum = SumOf(sample);
  const uint64_t seen = TotalOf(sum);
  PlanePlan plan = BestRansPlan(plane.size(), sample, sum);
  // The tables and states do not grow with the plane; what was counted does.
  const size_t fixed = plan.head.size() + RansStateBytes(plane.size());
  plan.size_bytes = fixed + (plan.size_bytes - fixed) * plane.size() / seen;
  if (plan.size_bytes <= WorthStoring(plane.size())) return plan;
  return {.mode = PlaneMode::kRaw, .size_bytes = plane.size()};
}

PlanePlan PlanePlanner::Plan(std::span<const uint8_t> plane, const PlaneContexts& contexts, PlanePlan sketch) {
  if (sketch.mode == PlaneMode::kConstant || sketch.mode == PlaneMode::kRaw) return sketch;
  std::vector<Histogram> counts = Count(plane, contexts);
  Histogram sum = SumOf(counts);
  PlanePlan best = BestRansPlan(plane.size(), counts, sum);
  TryZstd(plane, sum, &best);
  if (best.size_bytes <= WorthStoring(plane.size())) return best;
  return {.mode = PlaneMode::kRaw, .size_bytes = plane.size()};
}

// Repetition pays only where symbols are far from evenly spread, or where little has to be tried.
void PlanePlanner::TryZstd(std::span<const uint8_t> plane, const Histogram& counts, PlanePlan* best) {
  bool lopsided = *std::max_element(counts.begin(), counts.end()) > plane.size() / 4 * 3;
  if (!lopsided && plane.size() > kZstdSampleBytes) return;
  if (zstd_.Estimate(plane, 1, 2, kZstdSampleBytes / 2) >= best->size_bytes) return;
  PlanePlan plan = {.mode = PlaneMode::kZstd};
  zstd_.Compress(plane, 1, &plan.head);
  plan.size_bytes = plan.head.size();
  if (!plan.head.empty() && plan.size_bytes < best->size_bytes) *best = std::move(plan);
}

void PlanePlanner::Append(const PlanePlan& plan, std::span<const uint8_t> plane, const PlaneContexts& contexts,
                          std::vector<uint8_t>* out) {
  switch (plan.mode) {
    case PlaneMode::kRaw:
      out->insert(out->end(), plane.begin(), plane.end());
      return;
    case PlaneMode::kConstant:
      out->push_back(plane[0]);
      return;
    case PlaneMode::kZstd:
      out->insert(out->end(), plan.head.begin(), plan.head.end());
      return;
    case PlaneMode::kRans:
    case PlaneMode::kRansByContext:
      break;
  }
  bool by_context = plan.mode == PlaneMode::kRansByContext;
  std::span<const uint8_t> stream =
      rans_.Encode(plane, by_context ? contexts.of_symbols : std::span<const uint8_t>(), plan.tables);
  out->insert(out->end(), plan.head.begin(), plan.head.end());
  out->insert(out->end(), stream.begin(), stream.end());
}

}  // namespace plumb
