// safetensors files and shard indexes as tensor sources. docs/safetensors.md
#ifndef PLUMB_WEIGHTS_SAFETENSORS_SOURCE_H_
#define PLUMB_WEIGHTS_SAFETENSORS_SOURCE_H_

#include "plumb/weights/container_format.h"

namespace plumb {

// One file. Known by a length that fits the file, followed by `{`; metadata are the strings of `__metadata__`.
const ContainerFormat& SafetensorsFormat();

// `*.safetensors.index.json` and the shards beside it, tensors shard by shard; metadata are those of the first shard.
// Known as a JSON object with a "weight_map" that names a `.safetensors` file.
const ContainerFormat& SafetensorsIndexFormat();

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_SAFETENSORS_SOURCE_H_
