// Models that are only names and shapes.
#ifndef PLUMB_TESTS_UNIT_NAMING_NAMING_TESTING_H_
#define PLUMB_TESTS_UNIT_NAMING_NAMING_TESTING_H_

#include <string>
#include <utility>
#include <vector>

#include "plumb/naming/tensor_pairs.h"
#include "plumb/naming/tensor_roles.h"

namespace plumb {

// Keeps what a NamedModel borrows.
class NamesOnly {
 public:
  using Entry = std::pair<std::string, std::vector<uint64_t>>;
  explicit NamesOnly(const std::vector<Entry>& entries, ModelFacts facts = {}) : facts_(std::move(facts)) {
    for (const auto& [name, shape] : entries) tensors_.push_back({.name = name, .shape = shape});
    for (const SourceTensor& tensor : tensors_) pointers_.push_back(&tensor);
  }
  NamedModel model() const { return {pointers_, facts_}; }
  std::vector<TensorRole> Roles() const { return RolesOf(pointers_, facts_); }
  const std::string& NameAt(size_t index) const { return tensors_[index].name; }

 private:
  std::vector<SourceTensor> tensors_;
  std::vector<const SourceTensor*> pointers_;
  ModelFacts facts_;
};

}  // namespace plumb

#endif  // PLUMB_TESTS_UNIT_NAMING_NAMING_TESTING_H_
