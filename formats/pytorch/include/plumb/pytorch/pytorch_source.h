// PyTorch's checkpoints and TorchScript archives, as sources of tensors. Their pickles are read, never run.
//
// Tensors are named by the path to them: `encoder.weight` in a state dict, `model.encoder.weight` in a checkpoint that
// holds one under `model`. Tensors that share a storage say so. Numbers and texts beside tensors become metadata. Every
// import that is not understood is a note with its position; a value built by one is left out. docs/pytorch.md has the
// layouts.
#ifndef PLUMB_PYTORCH_PYTORCH_SOURCE_H_
#define PLUMB_PYTORCH_PYTORCH_SOURCE_H_

#include "plumb/weights/container_format.h"

namespace plumb {

// torch.save since 1.6, and TorchScript: a ZIP archive with data.pkl and one entry for each storage.
const ZipContainerFormat& PytorchZipFormat();
// torch.save before 1.6: five pickles and the storages after them.
const ContainerFormat& PytorchLegacyFormat();
// torch.save of 0.1: a TAR archive of sys_info, storages, tensors and pickle.
const ContainerFormat& PytorchTarFormat();

// `pytorch_model.bin.index.json`: the checkpoints beside it, of any of these forms but TAR, as one. Each must hold
// exactly the tensors that the index gives it.
const ContainerFormat& PytorchIndexFormat();

}  // namespace plumb

#endif  // PLUMB_PYTORCH_PYTORCH_SOURCE_H_
