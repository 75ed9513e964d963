#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/shape_inference.h"

namespace plumb {
namespace {

using Operands = std::span<const Node* const>;

absl::Status WrongType(size_t operand, ElementType found, std::string_view expected) {
  return InvalidArgument(fmt::format("operand {} is {}, expected {}", operand, ElementTypeName(found), expected));
}

bool IsIndex(ElementType type) { return type == ElementType::kI32 || type == ElementType::kI64; }

absl::StatusOr<ElementType> InferUnary(UnaryFunction function, ElementType type) {
  switch (function) {
    case UnaryFunction::kIsNan:
    case UnaryFunction::kIsInf:
      if (!IsFloat(type)) return WrongType(0, type, "a float");
      return ElementType::kBool;
    case UnaryFunction::kNot:
      if (type != ElementType::kBool) return WrongType(0, type, "bool");
      return type;
    case UnaryFunction::kBitNot:
      if (IsFloat(type) || type == ElementType::kBool) return WrongType(0, type, "an integer");
      return type;
    case UnaryFunction::kAbs:
    case UnaryFunction::kNeg:
    case UnaryFunction::kSign:
    case UnaryFunction::kRelu:
      if (type == ElementType::kBool) return WrongType(0, type, "a number");
      return type;
    default:
      if (!IsFloat(type)) return WrongType(0, type, "a float");
      return type;
  }
}

absl::StatusOr<ElementType> InferBinary(BinaryFunction function, Operands operands) {
  const ElementType type = operands[0]->type;
  if (operands[1]->type != type) return WrongType(1, operands[1]->type, ElementTypeName(type));
  switch (function) {
    case BinaryFunction::kEqual:
    case BinaryFunction::kLess:
    case BinaryFunction::kLessOrEqual:
      return ElementType::kBool;
    case BinaryFunction::kAnd:
    case BinaryFunction::kOr:
    case BinaryFunction::kXor:
      if (type != ElementType::kBool) return WrongType(0, type, "bool");
      return type;
    case BinaryFunction::kBitAnd:
    case BinaryFunction::kBitOr:
    case BinaryFunction::kBitXor:
    case BinaryFunction::kShiftLeft:
    case BinaryFunction::kShiftRight:
      if (IsFloat(type) || type == ElementType::kBool) return WrongType(0, type, "an integer");
      return type;
    default:
      if (type == ElementType::kBool) return WrongType(0, type, "a number");
      return type;
  }
}

// Operators whose operands are all of one float type.
absl::StatusOr<ElementType> InferFloats(Operands operands) {
  for (size_t i = 0; i < operands.size(); ++i) {
    if (!IsFloat(operands[i]->type)) return WrongType(i, operands[i]->type, "a float");
    if (operands[i]->type != operands[0]->type) {
      return WrongType(i, operands[i]->type, ElementTypeName(operands[0]->type));
    }
  }
  return operands[0]->type;
}

// Operators whose operands are all of one type, whatever it is.
absl::StatusOr<ElementType> InferAlike(Operands operands) {
  for (size_t i = 1; i < operands.size(); ++i) {
    if (operands[i]->type != operands[0]->type) {
      return WrongType(i, operands[i]->type, ElementTypeName(operands[0]->type));
    }
  }
  return operands[0]->type;
}

absl::StatusOr<ElementType> InferIndexed(Operands operands) {
  if (!IsIndex(operands[1]->type)) return WrongType(1, operands[1]->type, "i32 or i64");
  if (operands.size() > 2 && operands[2]->type != operands[0]->type) {
    return WrongType(2, operands[2]->type, ElementTypeName(operands[0]->type));
  }
  return operands[0]->type;
}

absl::StatusOr<ElementType> InferWhere(Operands operands) {
  if (operands[0]->type != ElementType::kBool) return WrongType(0, operands[0]->type, "bool");
  if (operands[2]->type != operands[1]->type) {
    return WrongType(2, operands[2]->type, ElementTypeName(operands[1]->type));
  }
  return operands[1]->type;
}

}  // namespace

absl::StatusOr<ElementType> InferType(OpKind op, const Attributes& attributes, Operands operands) {
  switch (op) {
    case OpKind::kUnary:
      return InferUnary(As<UnaryAttributes>(attributes).function, operands[0]->type);
    case OpKind::kBinary:
      return InferBinary(As<BinaryAttributes>(attributes).function, operands);
    case OpKind::kWhere:
      return InferWhere(operands);
    case OpKind::kCast:
      return As<CastAttributes>(attributes).type;
    case OpKind::kGather:
    case OpKind::kGatherElements:
    case OpKind::kGatherNd:
    case OpKind::kScatterElements:
    case OpKind::kScatterNd:
      return InferIndexed(operands);
    case OpKind::kArgReduce:
      return ElementType::kI64;
    case OpKind::kTopK:
      return As<TopKAttributes>(attributes).places ? ElementType::kI64 : operands[0]->type;
    case OpKind::kPool:
      return As<PoolAttributes>(attributes).places ? ElementType::kI64 : operands[0]->type;
    case OpKind::kReshape:
    case OpKind::kTranspose:
    case OpKind::kSlice:
    case OpKind::kConcat:
    case OpKind::kPad:
    case OpKind::kExpand:
    case OpKind::kReduce:
    case OpKind::kCumSum:
    case OpKind::kResize:
    case OpKind::kMatMul:
    case OpKind::kConv:
      return InferAlike(operands);
    default:
      return InferFloats(operands);
  }
}

}  // namespace plumb
