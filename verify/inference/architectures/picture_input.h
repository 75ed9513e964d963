// Pictures as inputs of a model.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_PICTURE_INPUT_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_PICTURE_INPUT_H_

#include <cstdint>

#include "plumb/base/limits.h"
#include "plumb/inference/architecture.h"
#include "verify/inference/architectures/config_reader.h"

namespace plumb {

inline constexpr char kPixelValues[] = "pixel_values";

// A square picture that is cut into square patches.
struct PictureShape {
  uint64_t channels = 0;
  uint64_t side = 0;
  uint64_t patch = 1;

  // What does not fill a patch at the right and below is not seen.
  uint64_t patches() const { return (side / patch) * (side / patch); }
};

// Reads num_channels, image_size and patch_size.
inline PictureShape ReadPicture(ConfigReader& reader) {
  PictureShape picture;
  picture.channels = reader.Size("num_channels", limits::kModelWidthMax);
  picture.side = reader.Size("image_size", limits::kModelWidthMax);
  picture.patch = reader.Size("patch_size", limits::kModelWidthMax);
  if (picture.patch > picture.side) reader.Refuse("patch_size", "is larger than image_size");
  return picture;
}

// Float32 [sequences, channels, side, side], any numbers: how a picture becomes them is not the model's affair.
inline InputSpec PixelsInput(uint64_t sequences, const PictureShape& picture) {
  return {kPixelValues, ElementType::kF32, {sequences, picture.channels, picture.side, picture.side}};
}

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_PICTURE_INPUT_H_
