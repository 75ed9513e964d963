// saved_model.pb: what a person should know of a graph before running it elsewhere.
#ifndef PLUMB_FORMATS_TENSORFLOW_SAVED_MODEL_H_
#define PLUMB_FORMATS_TENSORFLOW_SAVED_MODEL_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/weights/container_format.h"

namespace plumb {

// A SavedModel message of schema version 1 that fills the file.
bool LooksLikeSavedModel(const ContainerInput& input);

// A note for each kind of operator in its graphs that reads or writes files or runs code. INVALID_ARGUMENT
// (ErrorClass::kPolicy) when the message is broken or larger than limits::kSavedModelBytesMax.
absl::StatusOr<std::vector<std::string>> NotesOfSavedModel(const ByteSource& bytes);

}  // namespace plumb

#endif  // PLUMB_FORMATS_TENSORFLOW_SAVED_MODEL_H_
