// Messages of content.proto that carry chunk data, with the data kept out of protobuf's hands.
//
// The bytes on the wire are those that protobuf would write. What protobuf does with a large `bytes` field, though, is
// to copy it twice on each side; here it travels as a slice of its own.
#ifndef PLUMB_PROTO_WIRE_DATA_MESSAGE_H_
#define PLUMB_PROTO_WIRE_DATA_MESSAGE_H_

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace plumb::wire {

// Number of the `data` field in every message that carries chunk data.
inline constexpr uint32_t kDataField = 3;

// A slice that keeps `bytes` alive as long as gRPC needs it.
grpc::Slice SliceOf(std::shared_ptr<const std::vector<uint8_t>> bytes);
grpc::Slice SliceOf(std::vector<uint8_t> bytes);

// The message `fields`, in which `data` is not set, with `data` in that field. Empty data is left out.
grpc::ByteBuffer WriteDataMessage(const google::protobuf::MessageLite& fields, grpc::Slice data);

// Takes a message apart: `data` gets the bytes of its data field (one copy), `fields` everything else. False when it is
// no such message or has more than `data_bytes_max` bytes of data.
bool ReadDataMessage(grpc::ByteBuffer* message, size_t data_bytes_max, google::protobuf::MessageLite* fields,
                     std::vector<uint8_t>* data);

}  // namespace plumb::wire

#endif  // PLUMB_PROTO_WIRE_DATA_MESSAGE_H_
