// Helpers that the readers and writers of recipes share.
#ifndef PLUMB_FORMATS_DOCUMENT_RECIPE_VALUES_H_
#define PLUMB_FORMATS_DOCUMENT_RECIPE_VALUES_H_

#include <cstdint>
#include <optional>
#include <string_view>

#include "absl/status/status.h"
#include "formats/document/tree.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/message.h"
#include "plumb/v1/recipe.pb.h"

namespace plumb {

// The whole of `text` as a decimal integer; absent when it is not one or does not fit.
std::optional<int64_t> TextToInteger(std::string_view text);

// The whole of `text` as a finite decimal number; absent when it is not one.
std::optional<double> TextToNumber(std::string_view text);

// `published`, `measured`, `derived` or `assumed`; absent for another word.
std::optional<v1::Provenance> TextToProvenance(std::string_view text);
// The inverse; `unspecified` for a value without provenance.
std::string_view ProvenanceToText(v1::Provenance provenance);

// True for Integer, Number, Text and Flag.
bool IsValueType(const google::protobuf::Descriptor& type);

// Fills a message from a map in Plumb's own form, key by field name. A value that states no
// provenance gets `fallback`, or is an error when that is unspecified. `path` is where the
// map stands, for messages.
absl::Status ReadRecipeMessage(const Tree& tree, v1::Provenance fallback, std::string_view path,
                               google::protobuf::Message* out);

// Fills a recipe from the flat form of training scripts. `name` is for messages.
absl::Status ReadFlatRecipe(const Tree& tree, std::string_view name, v1::Recipe* out);

// True when `tree` is a map in the flat form: no `schema_version`, but a key that it uses.
bool IsFlatRecipe(const Tree& tree);

}  // namespace plumb

#endif  // PLUMB_FORMATS_DOCUMENT_RECIPE_VALUES_H_
