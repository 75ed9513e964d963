// Model cards: a README.md, usually with YAML front matter as Hugging Face writes it.
#ifndef PLUMB_DOCUMENT_CARD_H_
#define PLUMB_DOCUMENT_CARD_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// Longest `description`, in bytes; a longer first paragraph is cut at a word and gets an ellipsis.
inline constexpr size_t kCardDescriptionBytes = 1000;

// What a model card says. All text is valid UTF-8, unverified and chosen by the publisher.
struct ModelCard {
  // Title, description, tags, languages, library, pipeline and base model.
  v1::Card card;
  // `license:` as written: an SPDX id or a hub's own tag (plumb/policy/hub_tags.h). Several
  // are joined by ` AND `. Empty when the card states none.
  std::string license;
  std::string license_name;
  std::string license_link;
  // What this model was made from, and how: `finetune`, `adapter`, `quantized` or `merge`, as hubs call it; often
  // empty.
  std::vector<std::string> base_models;
  std::string base_model_relation;
  std::vector<std::string> datasets;
  // It has keys that only cards of datasets have.
  bool describes_dataset = false;
  // Sentences for the publisher about keys that nobody reads.
  std::vector<std::string> notes;
  // The Markdown after the front matter.
  std::string body;
  bool has_front_matter = false;
};

// Reads a model card. Missing front matter, unknown keys and missing keys are fine; the title
// is the first `# ` heading, the description the first paragraph of prose after it, both
// outside code fences and HTML. INVALID_ARGUMENT when the text is longer than
// limits::kCardBytesMax or not UTF-8, the front matter longer than
// limits::kFrontMatterBytesMax, not a map or refused as YAML (depth, duplicate keys; an
// alias of something else than text reads as null), or a key Plumb reads holds something other than text or a list of
// text. `name` is for messages. Thread-safe.
absl::StatusOr<ModelCard> ParseModelCard(std::string_view text, std::string_view name);

}  // namespace plumb

#endif  // PLUMB_DOCUMENT_CARD_H_
