// One side of a comparison of models.
#ifndef PLUMB_CLIENT_LIBRARY_MODEL_SIDE_H_
#define PLUMB_CLIENT_LIBRARY_MODEL_SIDE_H_

#include <string>
#include <utility>
#include <vector>

#include "client/library/model_files.h"
#include "plumb/client/model_diff.h"
#include "plumb/comparison/compare_values.h"
#include "plumb/naming/tensor_pairs.h"

namespace plumb {

// One side and all its tensors.
struct ModelSide {
  ModelFiles files;
  std::vector<const SourceTensor*> tensors;

  explicit ModelSide(ModelFiles opened) : files(std::move(opened)) {
    for (const SourceTensor& tensor : files.source->tensors()) tensors.push_back(&tensor);
  }

  NamedModel named() const { return {tensors, files.facts}; }
  LaidOut At(size_t index, const TensorLayout& layout = {}) const {
    return {files.source.get(), tensors[index], layout};
  }
  DiffedTensor Described(size_t index) const {
    return {tensors[index]->name, tensors[index]->dtype, tensors[index]->shape};
  }
  DiffedModel Described() const {
    DiffedModel model{.path = files.path,
                      .format = std::string(files.source->format()),
                      .files = files.files,
                      .family = files.facts.family};
    model.tensor_count = tensors.size();
    model.conventions = RecogniseConventions(files.source->tensors()).conventions;
    return model;
  }
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_MODEL_SIDE_H_
