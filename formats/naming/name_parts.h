// A tensor's name taken apart.
#ifndef PLUMB_FORMATS_NAMING_NAME_PARTS_H_
#define PLUMB_FORMATS_NAMING_NAME_PARTS_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plumb {

// `transformer/h_0/attn/c_attn/kernel:0` is transformer, h, 0, attn, c_attn; kernel.
struct NameParts {
  std::vector<std::string> stem;  // Never empty.
  // `weight`, `bias`, `kernel`, ...; empty when the name ends in no such word.
  std::string leaf;
};

NameParts SplitName(std::string_view name);

// Whether the name says that it is stored [..., in, out].
bool IsKernelLeaf(std::string_view leaf);

// `weight` for kernels, gains and tables, `bias` for offsets, ...: what PyTorch calls it. `arrays`: the model is named
// as Flax and TensorFlow do it, where `scale` is a gain.
std::string_view CommonLeaf(std::string_view leaf, bool arrays);

// Segments from `first` on, between dots.
std::string JoinFrom(const std::vector<std::string>& segments, size_t first);

// Whether it is a number of at most nine digits.
bool IsNumber(std::string_view segment);
// REQUIRES: IsNumber(segment).
uint64_t NumberOf(std::string_view segment);

}  // namespace plumb

#endif  // PLUMB_FORMATS_NAMING_NAME_PARTS_H_
