// The calls that cross into the module which alone links libtorch.
//
// libtorch brings some hundred libraries and takes half a second to load. So a module links it, which is built where
// libtorch is installed and loaded when somebody asks for this backend. Nothing of Plumb's but plain structures, whose
// definitions are all in headers, crosses the border, and no exception does.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_TORCH_TORCH_MODULE_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_TORCH_TORCH_MODULE_H_

#include <cstdint>
#include <span>
#include <string>

#include "plumb/inference/graph.h"

namespace plumb::torch_module {

// A dense row-major tensor that somebody else owns: an operand, which is only read, or a result.
struct Operand {
  ElementType type = ElementType::kF32;
  const Shape* shape = nullptr;
  void* data = nullptr;
};

// Stateless and thread-safe.
struct Calls {
  // The library's version and what it computes products with.
  std::string (*describe)();
  // Whether `compute` can do a node with these operands.
  bool (*supports)(const Node& node, std::span<const Node* const> operands);
  // Writes every element of `output`. Returns what went wrong; empty when nothing did. REQUIRES: `supports`.
  std::string (*compute)(const Node& node, std::span<const Operand> operands, const Operand& output);
};

// The module's one symbol: a function that returns its calls.
inline constexpr char kSymbol[] = "plumb_torch_calls";

}  // namespace plumb::torch_module

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_TORCH_TORCH_MODULE_H_
