// Tensors that a reader saw in a container and cannot give: sparse, of an unknown type, held by an object.
//
// They travel among the notes of a TensorSource, each as a sentence that a person can read and UnreadableIn can take
// apart again, so that whoever shows notes shows them, and whoever copies or compares tensors finds them.
#ifndef PLUMB_WEIGHTS_UNREADABLE_TENSOR_H_
#define PLUMB_WEIGHTS_UNREADABLE_TENSOR_H_

#include <string>
#include <string_view>
#include <vector>

#include "plumb/weights/tensor_source.h"

namespace plumb {

// Plain value.
struct UnreadableTensor {
  std::string name;  // UTF-8; where the container has no name, the path to it. May be one of several of that name.
  std::string why;   // Goes on behind the name: "is sparse", "is of the type QINT8, which is not read".
  // False for texts and for what no state dict has: what it says is lost to other formats, which is worth a word and
  // no error.
  bool weight = true;
};

// `tensor "a.b" is sparse`, for messages.
std::string UnreadableText(const UnreadableTensor& tensor);

// Adds the note. Names of other bytes than UTF-8 are escaped, those over limits::kTensorNameBytesMax cut.
void NoteUnreadable(UnreadableTensor tensor, std::vector<std::string>* notes);

// Whether a note is one of NoteUnreadable.
bool IsUnreadableNote(std::string_view note);

// What NoteUnreadable added, in its order.
std::vector<UnreadableTensor> UnreadableIn(const TensorSource& source);

// All other notes.
std::vector<std::string> OtherNotes(const TensorSource& source);

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_UNREADABLE_TENSOR_H_
