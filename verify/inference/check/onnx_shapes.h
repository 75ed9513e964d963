// Shapes for the inputs of an ONNX model that leaves dimensions open.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_ONNX_SHAPES_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_ONNX_SHAPES_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "plumb/inference/onnx.h"

namespace plumb {

// How large what an input holds is to be.
struct ContentSizes {
  uint64_t positions = 128;  // Of sequences of tokens and of frames.
  uint64_t side = 224;       // Of pictures.
  uint64_t samples = 16000;  // Of sounds.
};

// What sizes are to be, for OnnxModel::DefaultInputs, and what they were chosen for.
struct OnnxSizes {
  std::map<std::string, uint64_t> sizes;  // By the dimension's name, or `x.2` for one without.
  bool has_pictures = false;
  bool has_sounds = false;
  // Dimensions of which nothing says how large they may be: `x[2]`, divided by commas. They are 1.
  std::string unknown;
};

// The size of a dimension that a model names instead of giving it. `batch` 1; `past` 0; sums term by term
// (`past_sequence_length + 1`); lengths and sequences `positions`; `height` and `width` 224, `channels` 3; otherwise 1.
uint64_t SizeOfDimension(std::string_view parameter, uint64_t positions);

// Chooses by the dimensions' names, else by what the input holds. Numbers of four dimensions are pictures when one of
// the second and last is 1, 3 or 4 or a convolution of the model takes them so; of three, frames of features, or one
// channel of sound; of one or two, sound. Whole numbers are sequences. What the first product or convolution needs is
// taken from its weights. An input without a declared shape has the rank of that operator.
OnnxSizes ChooseOnnxSizes(const OnnxModel& model, const ContentSizes& wanted);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_ONNX_SHAPES_H_
