import CKernels

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A class of processors for which the kernels are compiled. Results are reproducible to the bit within a
/// class.
public enum InstructionSet: String, Sendable, CaseIterable {
  case avx512, avx2, portable

  /// How many floats a vector has, and so how many channels a block.
  public var lanes: Int {
    switch self {
    case .avx512: 16
    case .avx2: 8
    case .portable: 4
    }
  }

  /// What this machine can run, best first.
  public static var available: [InstructionSet] { allCases.filter { $0.table != nil } }

  /// The instruction set that `ROTE_ISA` names, or else the machine's best.
  ///
  /// - Throws: `InstructionSetError` where `ROTE_ISA` names no instruction set, or one that the machine lacks.
  public static func selected() throws -> InstructionSet {
    try selected(named: getenv("ROTE_ISA").map { String(cString: $0) })
  }

  /// The instruction set of this name, or the machine's best where there is none.
  public static func selected(named name: String?) throws -> InstructionSet {
    let available = available
    guard let name, !name.isEmpty else { return available.first ?? .portable }
    guard let wanted = InstructionSet(rawValue: name), available.contains(wanted) else {
      throw InstructionSetError(name: name, available: available)
    }
    return wanted
  }

  private var table: UnsafePointer<rote_kernels>? {
    switch self {
    case .avx512: rote_kernels_for(Int32(ROTE_AVX512.rawValue))
    case .avx2: rote_kernels_for(Int32(ROTE_AVX2.rawValue))
    case .portable: rote_kernels_for(Int32(ROTE_PORTABLE.rawValue))
    }
  }

  /// The C functions for this instruction set, which must be one of `available`.
  public var kernels: KernelTable {
    guard let table else { preconditionFailure("this machine cannot run \(rawValue)") }
    return KernelTable(table: table)
  }
}

/// `ROTE_ISA` asks for what is not there.
public struct InstructionSetError: Error, CustomStringConvertible {
  public let name: String
  public let available: [InstructionSet]

  public var description: String {
    "ROTE_ISA=\(name): this machine has \(available.map(\.rawValue).joined(separator: ", "))"
  }
}

/// The C functions of one instruction set, constant and in static storage: free to share.
public struct KernelTable: @unchecked Sendable {
  @usableFromInline let table: UnsafePointer<rote_kernels>

  @inlinable public var c: rote_kernels { table.pointee }
}
