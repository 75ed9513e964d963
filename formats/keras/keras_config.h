// What a person should know of a Keras model's configuration.
#ifndef PLUMB_FORMATS_KERAS_KERAS_CONFIG_H_
#define PLUMB_FORMATS_KERAS_KERAS_CONFIG_H_

#include <string>
#include <string_view>
#include <vector>

namespace plumb {

// Notes on code that the configuration carries: Lambda layers and functions stored as bytes. Nothing is evaluated.
std::vector<std::string> NotesOnConfig(std::string_view config);

}  // namespace plumb

#endif  // PLUMB_FORMATS_KERAS_KERAS_CONFIG_H_
