#include "verify/inference/check/onnx_shapes.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/onnx/file.h"
#include "verify/inference/check/onnx_first_use.h"

namespace plumb {
namespace {

constexpr uint64_t kChannels = 3;
constexpr uint64_t kPictureSide = 224;

bool Has(std::string_view text, std::string_view part) { return text.find(part) != std::string_view::npos; }

std::string_view Trimmed(std::string_view text) {
  const size_t begin = std::min(text.find_first_not_of(' '), text.size());
  return text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

// What a name says; nothing for names that say nothing.
std::optional<uint64_t> SizeByName(std::string_view parameter, const ContentSizes& wanted) {
  if (const size_t plus = parameter.rfind('+'); plus != std::string_view::npos) {
    const std::string_view last = Trimmed(parameter.substr(plus + 1));
    uint32_t number = 0;
    const auto [end, error] = std::from_chars(last.data(), last.data() + last.size(), number);
    const bool is_number = error == std::errc() && end == last.data() + last.size();
    return SizeByName(Trimmed(parameter.substr(0, plus)), wanted).value_or(1) +
           (is_number ? number : SizeByName(last, wanted).value_or(1));
  }
  if (Has(parameter, "batch")) return 1;
  if (parameter.starts_with("past") || Has(parameter, "_past")) return 0;
  if (Has(parameter, "sample")) return wanted.samples;
  if (Has(parameter, "seq") || Has(parameter, "length") || Has(parameter, "frames") || Has(parameter, "time")) {
    return wanted.positions;
  }
  if (Has(parameter, "channel")) return kChannels;
  if (Has(parameter, "height") || Has(parameter, "width")) return wanted.side;
  return std::nullopt;
}

// The dimensions of one input as they are declared, or as its first use wants them.
class InputSizes {
 public:
  InputSizes(const OnnxModel& model, const OnnxInput& input, const ContentSizes& wanted, OnnxSizes& found)
      : input_(input), wanted_(wanted), found_(found) {
    use_ = FindFirstUse(model.file().model().graph, input.name);
    if (input.shape) {
      dims_ = *input.shape;
    } else if (!use_.adds_dimensions) {
      dims_.resize(use_.rank > 0 ? use_.rank : use_.width > 0 ? 2 : 0);
    }
  }

  void Choose() {
    if (!input_.shape && dims_.empty()) return Unknown(fmt::format("{} (no shape is declared)", input_.name));
    std::vector<std::optional<uint64_t>> guesses = Guess();
    for (size_t i = 0; i < dims_.size(); ++i) {
      if (dims_[i].size) continue;
      const std::string& name = dims_[i].parameter;
      std::optional<uint64_t> size = SizeByName(name, wanted_);
      if (!size && input_.name.starts_with("past")) size = i + 2 == dims_.size() && name.empty() ? 0 : 1;
      if (!size) size = guesses[i];
      if (!size && i > 0) Unknown(fmt::format("{}[{}]", input_.name, i));
      uint64_t& known =
          found_.sizes.try_emplace(name.empty() ? fmt::format("{}.{}", input_.name, i) : name, size.value_or(1))
              .first->second;
      if (known == 1 && size) known = *size;
    }
  }

 private:
  using Guesses = std::vector<std::optional<uint64_t>>;

  bool Open(size_t i) const { return i < dims_.size() && !dims_[i].size; }
  bool IsColour(size_t i) const {
    return dims_[i].size && (*dims_[i].size == 1 || *dims_[i].size == 3 || *dims_[i].size == 4);
  }
  void Unknown(const std::string& what) { found_.unknown += (found_.unknown.empty() ? "" : ", ") + what; }

  Guesses Guess() {
    Guesses guesses(dims_.size());
    if (!guesses.empty()) guesses[0] = 1;
    const size_t rank = dims_.size();
    if (!IsFloat(input_.type) && input_.type != ElementType::kU8) {
      if (rank > 1) guesses.back() = wanted_.positions;
      return guesses;
    }
    if (use_.width > 0 && rank > 0) guesses.back() = use_.width;
    const bool convolved = use_.rank == rank && !use_.adds_dimensions && use_.channel_axis < rank;
    if (convolved) guesses[use_.channel_axis] = use_.channels;
    if (rank == 4) GuessPicture(convolved, guesses);
    if (rank == 3) GuessFrames(convolved, guesses);
    if (rank == 1 || rank == 2) GuessSound(guesses);
    return guesses;
  }

  void GuessPicture(bool convolved, Guesses& guesses) {
    if (use_.width > 0 || (!Open(1) && !Open(2) && !Open(3))) return;
    size_t channels = 1;
    if (convolved) {
      channels = use_.channel_axis;
    } else if (!IsColour(1) && IsColour(3)) {
      channels = 3;
    } else if (!IsColour(1) && !Open(1)) {
      return;  // Heads of attention, perhaps.
    }
    found_.has_pictures = true;
    for (size_t i = 1; i < 4; ++i) {
      if (i != channels) guesses[i] = wanted_.side;
    }
    if (!guesses[channels]) guesses[channels] = kChannels;
  }

  // [batch, frames, features], [batch, channels, frames], or a picture without a batch.
  void GuessFrames(bool convolved, Guesses& guesses) {
    if (Open(1) && Open(2) && IsColour(0)) {
      found_.has_pictures = true;
      guesses[1] = guesses[2] = wanted_.side;
      return;
    }
    const size_t last = convolved && use_.channel_axis == 1 ? 2 : Open(1) ? 1 : 2;
    const size_t other = 3 - last;
    const bool one_channel = last == 2 && (dims_[1].size ? *dims_[1].size == 1 : guesses[1] == 1);
    if (one_channel) found_.has_sounds = true;
    guesses[last] = one_channel ? wanted_.samples : wanted_.positions;
    if (Open(other) && !guesses[other] && SizeByName(dims_[other].parameter, wanted_)) guesses[other] = 1;
  }

  void GuessSound(Guesses& guesses) {
    if (use_.width > 0 || Has(input_.name, "mask")) return;
    if (dims_.size() == 2 && !Open(1)) return;
    found_.has_sounds = true;
    guesses.back() = wanted_.samples;
  }

  const OnnxInput& input_;
  const ContentSizes& wanted_;
  OnnxSizes& found_;
  OnnxFirstUse use_;
  std::vector<OnnxDim> dims_;
};

}  // namespace

uint64_t SizeOfDimension(std::string_view parameter, uint64_t positions) {
  return SizeByName(parameter, {.positions = positions, .side = kPictureSide}).value_or(1);
}

OnnxSizes ChooseOnnxSizes(const OnnxModel& model, const ContentSizes& wanted) {
  OnnxSizes found;
  for (const OnnxInput& input : model.inputs()) {
    if (!input.has_default) InputSizes(model, input, wanted, found).Choose();
  }
  return found;
}

}  // namespace plumb
