#include "plumb/comparison/same_content.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "formats/comparison/common_form.h"
#include "plumb/base/status.h"
#include "plumb/content/digest.h"

namespace plumb {
namespace {

constexpr uint64_t kPieceElements = 1u << 18;
constexpr uint64_t kTurnedRowElementsMax = 1u << 24;

// nullopt for types that are no numbers, and rows that are too long to turn round.
absl::StatusOr<std::optional<Digest>> DigestOf(const LaidOut& tensor, const ComparisonCheck& check) {
  const CommonForm form(tensor);
  uint64_t piece = kPieceElements;
  if (!form.rows_are_whole()) {
    if (form.row_elements() == 0 || form.row_elements() > kTurnedRowElementsMax) return std::nullopt;
    piece = std::max<uint64_t>(1, kPieceElements / form.row_elements()) * form.row_elements();
  }
  std::vector<float> values(std::min(piece, form.elements()));
  Sha256 hash;
  for (uint64_t first = 0; first < form.elements(); first += piece) {
    const std::span<float> read = std::span(values).first(std::min(piece, form.elements() - first));
    absl::Status status = form.ReadF32(first, read);
    if (absl::IsInvalidArgument(status)) return std::nullopt;
    PLUMB_RETURN_IF_ERROR(status);
    hash.Update({reinterpret_cast<const uint8_t*>(read.data()), read.size_bytes()});
    PLUMB_RETURN_IF_ERROR(check(0));
  }
  return hash.Finish();
}

std::set<uint64_t> SizesOf(std::span<const LaidOut> tensors) {
  std::set<uint64_t> sizes;
  for (const LaidOut& each : tensors) sizes.insert(each.tensor->element_count());
  return sizes;
}

bool IsWorthIt(const LaidOut& tensor, const std::set<uint64_t>& sizes) {
  const uint64_t elements = tensor.tensor->element_count();
  return elements > 0 && !tensor.tensor->shape.empty() && sizes.contains(elements);
}

}  // namespace

absl::StatusOr<std::vector<ContentMatch>> MatchByContent(std::span<const LaidOut> a, std::span<const LaidOut> b,
                                                         const ComparisonCheck& check) {
  const std::set<uint64_t> a_sizes = SizesOf(a);
  const std::set<uint64_t> b_sizes = SizesOf(b);
  std::multimap<Digest, size_t> waiting;  // Of A, in order.
  for (size_t i = 0; i < a.size(); ++i) {
    if (!IsWorthIt(a[i], b_sizes)) continue;
    PLUMB_ASSIGN_OR_RETURN(std::optional<Digest> digest, DigestOf(a[i], check));
    if (digest) waiting.emplace(*digest, i);
  }
  std::vector<ContentMatch> matches;
  for (size_t i = 0; i < b.size(); ++i) {
    if (!IsWorthIt(b[i], a_sizes)) continue;
    bool matched = false;
    for (bool transposed : {false, true}) {
      if (matched || (transposed && b[i].tensor->shape.size() != 2)) continue;
      LaidOut laid = b[i];
      laid.layout.output_last = transposed;
      const std::vector<uint64_t> shape = CommonShape(laid.tensor->shape, laid.layout);
      PLUMB_ASSIGN_OR_RETURN(std::optional<Digest> digest, DigestOf(laid, check));
      if (!digest) continue;
      auto [first, last] = waiting.equal_range(*digest);
      auto found = std::find_if(
          first, last, [&](const auto& entry) { return SameButForOnes(a[entry.second].tensor->shape, shape); });
      if (found == last) continue;
      matches.push_back({found->second, i, transposed});
      waiting.erase(found);
      matched = true;
    }
  }
  std::sort(matches.begin(), matches.end(), [](const auto& x, const auto& y) { return x.a < y.a; });
  return matches;
}

}  // namespace plumb
