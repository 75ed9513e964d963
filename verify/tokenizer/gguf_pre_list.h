// The values of tokenizer.ggml.pre and how each splits a text, as llama.cpp knows them.
#ifndef PLUMB_VERIFY_TOKENIZER_GGUF_PRE_LIST_H_
#define PLUMB_VERIFY_TOKENIZER_GGUF_PRE_LIST_H_

#include <array>
#include <string_view>

namespace plumb::text {

// Expressions applied one after another, each isolating its matches; unused places are empty.
using GgufPatterns = std::array<std::string_view, 6>;

struct GgufPre {
  std::string_view name;
  const GgufPatterns* patterns;
  bool ignore_merges = false;
  bool add_bos = false;  // When the file does not say.
};

inline constexpr GgufPatterns kGpt2Patterns = {
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))"};

inline constexpr GgufPatterns kDefaultPatterns = {
    R"([\p{P}\$\+<=>\^~\|]+)", R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))", R"(\p{N}+)",
    R"([0-9][0-9][0-9])"};

inline constexpr GgufPatterns kFalconPatterns = {
    R"([\p{P}\$\+<=>\^~\|`]+)", R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))",
    R"([0-9][0-9][0-9])"};

inline constexpr GgufPatterns kStarcoderPatterns = {
    R"(\p{N})", R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S))"};

inline constexpr GgufPatterns kLlama3Patterns = {
    R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr GgufPatterns kQwen2Patterns = {
    R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr GgufPatterns kQwen35Patterns = {
    R"((?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr GgufPatterns kTekkenPatterns = {
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr GgufPatterns kGpt4oPatterns = {
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr GgufPatterns kDeepseekLlmPatterns = {
    "[\r\n]",
    R"(\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⲳⳲꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+)",
    R"(\s?[!-/:-~！-／：-～‘-‟　-。]+)",
    R"(\s+$)",
    "[一-龥ࠀ-一가-\xED\x9F\xBF]+",
    R"(\p{N}+)"};

inline constexpr GgufPatterns kDeepseekCoderPatterns = {"[\r\n]", R"(\s?\p{L}+)", R"(\s?\p{P}+)",
                                                        "[一-龥ࠀ-一가-\xED\x9F\xBF]+", R"(\p{N})"};

inline constexpr GgufPatterns kDeepseek3Patterns = {
    R"(\p{N}{1,3})", "[一-龥぀-ゟ゠-ヿ]+",
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"};

inline constexpr GgufPatterns kBloomPatterns = {" ?[^(\\s|.,!?…。，、।۔،)]+"};

inline constexpr GgufPre kGgufPres[] = {
    {"default", &kDefaultPatterns},
    {"llama3", &kLlama3Patterns, true, true},
    {"llama-v3", &kLlama3Patterns, true, true},
    {"llama-bpe", &kLlama3Patterns, true, true},
    {"falcon3", &kLlama3Patterns, true, true},
    {"falcon-h1", &kLlama3Patterns, true, true},
    {"pixtral", &kLlama3Patterns, true, true},
    {"midm-2.0", &kLlama3Patterns, true, true},
    {"lfm2", &kLlama3Patterns, true, true},
    {"dbrx", &kLlama3Patterns},
    {"smaug-bpe", &kLlama3Patterns},
    {"gpt-2", &kGpt2Patterns},
    {"phi-2", &kGpt2Patterns},
    {"jina-es", &kGpt2Patterns},
    {"jina-de", &kGpt2Patterns},
    {"jina-v2-es", &kGpt2Patterns},
    {"jina-v2-de", &kGpt2Patterns},
    {"gigachat", &kGpt2Patterns},
    {"mpt", &kGpt2Patterns},
    {"olmo", &kGpt2Patterns},
    {"jais", &kGpt2Patterns},
    {"trillion", &kGpt2Patterns},
    {"exaone4", &kGpt2Patterns},
    {"granite-docling", &kGpt2Patterns},
    {"starcoder", &kStarcoderPatterns},
    {"refact", &kStarcoderPatterns},
    {"command-r", &kStarcoderPatterns},
    {"smollm", &kStarcoderPatterns},
    {"codeshell", &kStarcoderPatterns},
    {"exaone", &kStarcoderPatterns},
    {"minerva-7b", &kStarcoderPatterns},
    {"falcon", &kFalconPatterns},
    {"qwen2", &kQwen2Patterns},
    {"stablelm2", &kQwen2Patterns},
    {"hunyuan", &kQwen2Patterns},
    {"deepseek-r1-qwen", &kQwen2Patterns},
    {"qwen35", &kQwen35Patterns},
    {"deepseek-llm", &kDeepseekLlmPatterns},
    {"deepseek-coder", &kDeepseekCoderPatterns},
    {"deepseek-v3", &kDeepseek3Patterns},
    {"hunyuan-dense", &kDeepseek3Patterns},
    {"tekken", &kTekkenPatterns, true, true},
    {"gpt-4o", &kGpt4oPatterns},
    {"poro-chat", &kBloomPatterns},
    {"bloom", &kBloomPatterns},
    {"gpt3-finnish", &kBloomPatterns},
};

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_GGUF_PRE_LIST_H_
