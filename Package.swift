// swift-tools-version: 6.0
import PackageDescription

/// The commit that `--version` prints. It is compiled into one C file alone, so that a new commit rebuilds nothing else.
/// In an archive that git made, git has written it here.
let archived = "$Format:%H$"
let commit = Context.gitInformation?.currentCommit ?? (archived.hasPrefix("$") ? "unknown" : archived)

let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")

func tool(_ name: String, _ modules: [Target.Dependency]) -> Target {
  .executableTarget(name: name, dependencies: modules + ["ToolKit", "Artefacts", arguments])
}

func tests(_ module: String, _ more: [Target.Dependency] = []) -> Target {
  .testTarget(
    name: "\(module)Tests", dependencies: [.target(name: module)] + more,
    resources: ["Networks", "ImageSets", "Probes"].contains(module) ? [.copy("Fixtures")] : [])
}

let package = Package(
  name: "rote",
  products: ["fetch-data", "train", "score", "distill", "align", "report"].map {
    .executable(name: $0, targets: [$0])
  },
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2")
  ],
  targets: [
    // Libraries of the system.
    .systemLibrary(
      name: "CHDF5", path: "Sources/System/CHDF5", pkgConfig: "hdf5",
      providers: [.apt(["libhdf5-dev"]), .brew(["hdf5"])]),
    .systemLibrary(
      name: "CZlib", path: "Sources/System/CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CCrypto", path: "Sources/System/CCrypto", pkgConfig: "libcrypto",
      providers: [.apt(["libssl-dev"]), .brew(["openssl"])]),
    .systemLibrary(
      name: "CCurl", path: "Sources/System/CCurl", pkgConfig: "libcurl",
      providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
    .systemLibrary(
      name: "CTurboJPEG", path: "Sources/System/CTurboJPEG", pkgConfig: "libturbojpeg",
      providers: [.apt(["libturbojpeg0-dev"]), .brew(["jpeg-turbo"])]),
    .systemLibrary(
      name: "CPNG", path: "Sources/System/CPNG", pkgConfig: "libpng",
      providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "COpenBLAS", path: "Sources/System/COpenBLAS", pkgConfig: "openblas",
      providers: [.apt(["libopenblas-dev"]), .brew(["openblas"])]),

    // What everything stands on.
    .target(name: "CToolKit", cSettings: [.define("ROTE_COMMIT", to: "\"\(commit)\"")]),
    .target(name: "CKernels"),
    .target(name: "Randomness"),
    .target(name: "Kernels", dependencies: ["CKernels"]),
    .target(name: "ToolKit", dependencies: ["CToolKit", "CCrypto", "CZlib", "Kernels", arguments]),
    .target(name: "CFileDriver", dependencies: ["CHDF5"]),
    .target(name: "HDF5", dependencies: ["CHDF5", "CFileDriver", "CToolKit"]),

    // Files and networks.
    .target(name: "Artefacts", dependencies: ["HDF5", "CToolKit", "ToolKit", "CCrypto"]),
    .target(name: "Networks", dependencies: ["Kernels", "Randomness"]),

    // What the tools do.
    .target(name: "CPictures", dependencies: ["CPNG"]),
    .target(
      name: "ImageSets", dependencies: ["Randomness", "CPictures", "CTurboJPEG", "CZlib", "CCrypto"]),
    .target(name: "Downloads", dependencies: ["ToolKit", "CCurl"]),
    .target(
      name: "Training",
      dependencies: ["Networks", "Artefacts", "Measures", "Randomness", "Kernels", "ToolKit", arguments]),
    .target(name: "Measures", dependencies: ["Kernels", "Randomness"]),
    // Not a part of Training, so that only `score` loads OpenBLAS, which starts threads as it is loaded.
    .target(name: "Alignments", dependencies: ["Training", "Networks", "Measures", "Kernels", "CKernels", "ToolKit"]),
    .target(name: "Probes", dependencies: ["Training", "Networks", "Kernels", "CKernels", "Randomness", "COpenBLAS"]),
    .target(name: "Figures", dependencies: ["ToolKit", "CZlib"]),

    tool("fetch-data", ["ImageSets", "Downloads"]),
    tool("train", ["Training"]),
    tool("distill", ["Training"]),
    tool("score", ["Measures", "ImageSets", "Kernels", "Probes", "Training"]),
    tool("align", ["Alignments", "Figures", "Measures", "Networks", "Training"]),
    tool("report", ["Figures", "Measures"]),

    // Speed.
    .target(name: "CBench", dependencies: ["CTurboJPEG"], path: "Benchmarks/CBench"),
    .executableTarget(
      name: "bench",
      dependencies: [
        "Alignments", "CBench", "COpenBLAS", "Figures", "ImageSets", "Kernels", "Networks", "Probes", "Randomness",
        "ToolKit",
        "Training",
        arguments,
      ],
      path: "Benchmarks/bench"),

    .target(name: "TestSupport", dependencies: ["ToolKit"], path: "Tests/TestSupport"),
    tests("Randomness"),
    .target(name: "CAllocations", path: "Tests/CAllocations"),
    tests("Kernels", ["CKernels", "Randomness", "CAllocations"]),
    .target(name: "HashedStates", dependencies: ["Networks"], path: "Tests/HashedStates"),
    tests("Networks", ["Randomness", "Kernels", "CAllocations", "HashedStates"]),
    tests("HDF5", ["TestSupport"]),
    tests("Artefacts", ["HDF5", "ToolKit", "TestSupport"]),
    tests("ToolKit", ["TestSupport"]),
    tests("ImageSets", ["CZlib"]),
    tests("Downloads", ["ToolKit", "TestSupport"]),
    tests("Training", ["Randomness", "Kernels", "Networks", "Artefacts", "ToolKit"]),
    tests(
      "Probes", ["Alignments", "HashedStates", "Randomness", "Kernels", "Networks", "Training", "Measures", "ToolKit"]),
    tests("Measures", ["Kernels", "Randomness"]),
    tests("Figures", ["CZlib", "ToolKit"]),
    .testTarget(
      name: "ToolTests",
      dependencies: [
        "Artefacts", "HDF5", "HashedStates", "Kernels", "Networks", "TestSupport", "ToolKit", "fetch-data", "train",
        "Training", "score", "distill", "align", "report",
      ],
      resources: [.copy("Fixtures")]),
  ],
  swiftLanguageModes: [.v6],
  cLanguageStandard: .gnu11
)

// Only `make fuzz` builds this, with sanitisers: libFuzzer brings its own main.
if Context.environment["ROTE_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "fuzz", dependencies: ["ImageSets"], path: "Tests/fuzz", exclude: ["seeds.py"],
      swiftSettings: [.unsafeFlags(["-parse-as-library"])]))
}
