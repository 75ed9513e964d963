// What the files that write GGUF's key-values share.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_EXPORT_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_EXPORT_H_

#include <optional>
#include <string>
#include <string_view>

#include "plumb/inference/gguf_description.h"
#include "verify/inference/architectures/decoder_spec.h"

namespace plumb {

// Appends key-values of one family, with the types that llama.cpp's converter gives them.
class GgufKeyWriter {
 public:
  explicit GgufKeyWriter(GgufDescription* out) : out_(*out) {}

  void Count(std::string_view part, uint64_t value) { Add(part, value, "u32"); }
  void Number(std::string_view part, double value) { Add(part, static_cast<double>(static_cast<float>(value)), "f32"); }
  void Flag(std::string_view part, bool value) { Add(part, value, "bool"); }
  void Text(std::string_view part, std::string value) { Add(part, std::move(value), "str"); }
  GgufDescription& description() { return out_; }

 private:
  void Add(std::string_view part, MetadataValue value, std::string_view type) {
    out_.keys.push_back({out_.architecture + "." + std::string(part), std::move(value), type});
  }

  GgufDescription& out_;
};

// The rotations of a decoder: keys and, where frequencies are scaled one by one, tables.
void WriteRopes(const DecoderSpec& spec, GgufKeyWriter& writer);

// The description of a decoder-only model, whether or not MakeDecoder makes the family. UNIMPLEMENTED for others.
absl::StatusOr<DecoderSpec> ReadDecoderSpec(const Model& model);

// What `gguf` says otherwise than `config`, in a few words; nullopt when they compute the same for every run that the
// GGUF file's context allows.
std::optional<std::string> FindDifference(const DecoderSpec& config, const DecoderSpec& gguf);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_EXPORT_H_
