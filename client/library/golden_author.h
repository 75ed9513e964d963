// Who computed a golden that lies in a folder.
#ifndef PLUMB_CLIENT_LIBRARY_GOLDEN_AUTHOR_H_
#define PLUMB_CLIENT_LIBRARY_GOLDEN_AUTHOR_H_

#include <string>

#include "plumb/base/directory.h"

namespace plumb {

// `reference` for what plumb recorded (docs/inference.md, version 2), `publisher` for everything else, unreadable files
// included: the word of SmokeCase.recorded_by.
std::string GoldenAuthor(const Directory& folder, const std::string& golden_path);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_GOLDEN_AUTHOR_H_
