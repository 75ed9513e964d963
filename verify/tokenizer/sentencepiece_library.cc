#include "verify/tokenizer/sentencepiece_library.h"

#include <dlfcn.h>

#include "verify/tokenizer/sentencepiece_module.h"

namespace plumb::text {
namespace {

struct Module {
  const SentencePieceCalls* calls = nullptr;
  std::string problem;  // Why there are none.
};

Module LoadModule() {
  // The module's own names first: see sentencepiece_module.h. Sanitizers do not allow it.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  constexpr int kFlags = RTLD_NOW | RTLD_LOCAL;
#else
  constexpr int kFlags = RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND;
#endif
  Module module;
  for (const char* path : {PLUMB_SENTENCEPIECE_INSTALLED, PLUMB_SENTENCEPIECE_BUILT}) {
    void* handle = dlopen(path, kFlags);
    if (handle == nullptr) {
      module.problem = std::string("the SentencePiece module cannot be loaded: ") + dlerror();
      continue;
    }
    using Symbol = const SentencePieceCalls* (*)();
    if (auto symbol = reinterpret_cast<Symbol>(dlsym(handle, kSentencePieceSymbol)); symbol != nullptr) {
      return {.calls = symbol(), .problem = {}};
    }
    module.problem = std::string(path) + " is no SentencePiece module";
  }
  return module;
}

const Module& TheModule() {
  static const Module kModule = LoadModule();
  return kModule;
}

}  // namespace

SentencePieceLibrary::SentencePieceLibrary() {
  if (TheModule().calls != nullptr) model_ = TheModule().calls->make();
}

SentencePieceLibrary::~SentencePieceLibrary() {
  if (model_ != nullptr) TheModule().calls->destroy(model_);
}

std::string SentencePieceLibrary::Load(std::string_view model) {
  return model_ == nullptr ? TheModule().problem : TheModule().calls->load(model_, model);
}

std::string SentencePieceLibrary::Encode(std::string_view text, std::vector<int>& ids) const {
  return TheModule().calls->encode(model_, text, ids);
}

std::string SentencePieceLibrary::Decode(const std::vector<int>& ids, std::string& text) const {
  return TheModule().calls->decode(model_, ids, text);
}

int SentencePieceLibrary::PieceCount() const { return TheModule().calls->piece_count(model_); }
int SentencePieceLibrary::BosId() const { return TheModule().calls->bos_id(model_); }
int SentencePieceLibrary::EosId() const { return TheModule().calls->eos_id(model_); }

}  // namespace plumb::text
