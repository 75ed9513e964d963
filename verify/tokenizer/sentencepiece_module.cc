#include "verify/tokenizer/sentencepiece_module.h"

#include <sentencepiece_processor.h>

namespace plumb::text {
namespace {

using Processor = sentencepiece::SentencePieceProcessor;

std::string Problem(const sentencepiece::util::Status& status) { return status.ok() ? "" : status.ToString(); }
const Processor& At(const void* model) { return *static_cast<const Processor*>(model); }

constexpr SentencePieceCalls kCalls = {
    .make = []() -> void* { return new Processor(); },
    .destroy = [](void* model) { delete static_cast<Processor*>(model); },
    .load =
        [](void* model, std::string_view bytes) {
          return Problem(static_cast<Processor*>(model)->LoadFromSerializedProto(bytes));
        },
    .encode = [](const void* model, std::string_view text,
                 std::vector<int>& ids) { return Problem(At(model).Encode(text, &ids)); },
    .decode = [](const void* model, const std::vector<int>& ids,
                 std::string& text) { return Problem(At(model).Decode(ids, &text)); },
    .piece_count = [](const void* model) { return At(model).GetPieceSize(); },
    .bos_id = [](const void* model) { return At(model).bos_id(); },
    .eos_id = [](const void* model) { return At(model).eos_id(); },
};

}  // namespace
}  // namespace plumb::text

extern "C" const plumb::text::SentencePieceCalls* plumb_sentencepiece_calls() { return &plumb::text::kCalls; }
