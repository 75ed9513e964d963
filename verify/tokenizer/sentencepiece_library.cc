#include "verify/tokenizer/sentencepiece_library.h"

#include <sentencepiece_processor.h>

namespace plumb::text {
namespace {

std::string Problem(const sentencepiece::util::Status& status) { return status.ok() ? "" : status.ToString(); }

}  // namespace

SentencePieceLibrary::SentencePieceLibrary() : processor_(std::make_unique<sentencepiece::SentencePieceProcessor>()) {}
SentencePieceLibrary::~SentencePieceLibrary() = default;

std::string SentencePieceLibrary::Load(std::string_view model) {
  return Problem(processor_->LoadFromSerializedProto(model));
}

std::string SentencePieceLibrary::Encode(std::string_view text, std::vector<int>& ids) const {
  return Problem(processor_->Encode(text, &ids));
}

std::string SentencePieceLibrary::Decode(const std::vector<int>& ids, std::string& text) const {
  return Problem(processor_->Decode(ids, &text));
}

int SentencePieceLibrary::PieceCount() const { return processor_->GetPieceSize(); }
int SentencePieceLibrary::BosId() const { return processor_->bos_id(); }
int SentencePieceLibrary::EosId() const { return processor_->eos_id(); }

}  // namespace plumb::text
