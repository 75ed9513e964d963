#include "plumb/weights/layer_order.h"

#include <charconv>
#include <initializer_list>
#include <limits>

namespace plumb {

uint32_t LayerRank(std::string_view tensor_name) {
  constexpr uint32_t kLast = std::numeric_limits<uint32_t>::max();
  for (std::string_view rest = tensor_name; !rest.empty();) {
    size_t dot = rest.find('.');
    std::string_view part = rest.substr(0, dot);
    uint32_t number = 0;
    auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), number);
    if (error == std::errc() && end == part.data() + part.size() && number < kLast - 1) return number + 1;
    rest = dot == rest.npos ? std::string_view() : rest.substr(dot + 1);
  }
  for (std::string_view mark : {"embed", "embd", "wte", "wpe"}) {
    if (tensor_name.find(mark) != tensor_name.npos) return 0;
  }
  return kLast;
}

}  // namespace plumb
