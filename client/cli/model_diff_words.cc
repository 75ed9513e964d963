#include "client/cli/model_diff_words.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>
#include <vector>

#include "client/cli/text.h"
#include "fmt/format.h"
#include "fmt/ranges.h"

namespace plumb::cli {
namespace {

// The side that was made from the other.
const DiffedTensor& MadeSide(const DiffedPair& pair) { return pair.values.a_is_made ? pair.a : pair.b; }

// What was found of how many tensors, in words.
std::vector<std::string> FindingTexts(const ModelDiff& diff) {
  std::map<std::pair<int, std::string>, uint64_t> counts;
  for (const DiffedPair& pair : diff.pairs) {
    if (!pair.explained()) continue;
    const std::string type(DTypeName(MadeSide(pair).dtype));
    std::string text;
    switch (pair.values.finding) {
      case Finding::kEqual:
        text = pair.by_content ? "of the same values under another name" : "equal";
        break;
      case Finding::kRounded:
        text = fmt::format("rounded to {} as written by the usual rounding", type);
        break;
      case Finding::kQuantised:
        text = fmt::format("quantised to {} bit for bit", type);
        break;
      default:
        text = fmt::format("as near as {} allows", TypesText(pair));
    }
    ++counts[{static_cast<int>(pair.values.finding) * 2 + (pair.by_content ? 1 : 0), text}];
  }
  std::vector<std::string> texts;
  for (const auto& [key, count] : counts) {
    texts.push_back(fmt::format("{} {}", texts.empty() ? Count(count, "tensor") : std::to_string(count), key.second));
  }
  return texts;
}

std::string LoneText(const ModelDiff& diff) {
  std::string text;
  if (!diff.only_a.empty()) text += fmt::format("; {} only in A", diff.only_a.size());
  if (!diff.only_b.empty()) text += fmt::format("; {} only in B", diff.only_b.size());
  for (const auto& [side, other, unread] :
       {std::tuple("A", "B", &diff.unread_a), std::tuple("B", "A", &diff.unread_b)}) {
    const auto lacking =
        std::count_if(unread->begin(), unread->end(), [](const auto& each) { return !each.other_has; });
    if (lacking > 0) text += fmt::format("; {} of {} that cannot be read, {} lacks", lacking, side, other);
    const auto both = static_cast<int64_t>(unread->size()) - lacking;
    if (both > 0) text += fmt::format("; {} of {} cannot be read", both, side);
  }
  return text;
}

// Of weights that are the same and what stands beside them is not; empty for the rest.
std::string BesideText(const ModelDiff& diff) {
  constexpr size_t kNamedMax = 8;
  const ComputationDifference& found = diff.computation;
  if (found.empty()) return "";
  const std::vector<std::string>& all = found.changed.empty() ? found.unknown : found.changed;
  const std::vector<std::string> some(all.begin(),
                                      all.begin() + static_cast<ptrdiff_t>(std::min(all.size(), kNamedMax)));
  const std::string named = fmt::format("{}{}", fmt::join(some, ", "), all.size() > kNamedMax ? ", ..." : "");
  if (!found.changed.empty()) return "the same weights, but not the same model: " + named;
  return "the same weights; whether it is the same model cannot be told, since what is not known differs: " + named;
}

}  // namespace

std::string_view FindingName(const DiffedPair& pair) {
  if (pair.shapes_differ) return "shapes differ";
  switch (pair.values.finding) {
    case Finding::kEqual:
      return "equal";
    case Finding::kRounded:
      return "rounded";
    case Finding::kQuantised:
      return "quantised";
    case Finding::kWithinBounds:
      return "within bounds";
    case Finding::kNoBound:
      return "no bound known";
    case Finding::kDiffers:
      return "differs";
    case Finding::kNotCompared:
      return "not compared";
  }
  return "";
}

std::string_view VerdictName(ModelVerdict verdict) {
  switch (verdict) {
    case ModelVerdict::kSame:
      return "same";
    case ModelVerdict::kDiffers:
      return "differs";
    case ModelVerdict::kUndecided:
      return "undecided";
    case ModelVerdict::kOtherComputation:
      return "other_config";
  }
  return "";
}

std::string TypesText(const DiffedPair& pair) {
  if (pair.a.dtype == pair.b.dtype) return std::string(DTypeName(pair.a.dtype));
  return fmt::format("{} -> {}", DTypeName(pair.a.dtype), DTypeName(pair.b.dtype));
}

std::string ShapeText(const DiffedTensor& tensor) {
  return fmt::format("{}[{}]", DTypeName(tensor.dtype), fmt::join(tensor.shape, ","));
}

std::string VerdictText(const ModelDiff& diff) {
  const std::string found = fmt::format("{}", fmt::join(FindingTexts(diff), ", "));
  if (const std::string beside = BesideText(diff); !beside.empty()) return beside;
  if (diff.identical) return "the same model: the files are equal byte for byte";
  if (diff.verdict() == ModelVerdict::kSame) return "the same model: " + found;
  if (diff.pairs.empty()) return "not the same model: no tensor of A is in B" + LoneText(diff);
  uint64_t differing = 0;
  uint64_t undecided = 0;
  for (const DiffedPair& pair : diff.pairs) {
    undecided += pair.undecided() ? 1 : 0;
    differing += !pair.explained() && !pair.undecided() ? 1 : 0;
  }
  std::string text;
  if (diff.verdict() == ModelVerdict::kUndecided) {
    text = "cannot be told";
    if (diff.folded) text += ": what only one side has may be folded into the other's graph, where every map is scaled";
    if (undecided > 0) {
      text += fmt::format(": of {} of {} nobody knows how far their types may be off", undecided,
                          Count(diff.pairs.size(), "tensor"));
    }
  } else {
    text = "not the same model";
    if (differing > 0) text = fmt::format("differs in {} of {}", differing, Count(diff.pairs.size(), "tensor"));
    if (undecided > 0) text += fmt::format("; {} not decided", undecided);
  }
  text += LoneText(diff);
  return found.empty() ? text : text + "; the rest: " + found;
}

}  // namespace plumb::cli
