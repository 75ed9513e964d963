// What the four formats have in common that are written.
#ifndef PLUMB_FORMATS_CONVERT_TARGET_H_
#define PLUMB_FORMATS_CONVERT_TARGET_H_

#include <string_view>
#include <vector>

#include "plumb/convert/convert.h"

namespace plumb {

struct TargetFormat {
  ConvertTarget target;
  std::string_view name;
  std::string_view title;  // As messages call it.
  std::vector<std::string_view> endings;
  bool (*holds)(DType dtype);
};

const std::vector<TargetFormat>& TargetFormats();
const TargetFormat& TargetFormatOf(ConvertTarget target);

}  // namespace plumb

#endif  // PLUMB_FORMATS_CONVERT_TARGET_H_
