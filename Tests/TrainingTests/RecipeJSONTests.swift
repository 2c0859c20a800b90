import Networks
import Testing
import ToolKit
import Training

@Suite struct RecipeJSONTests {
  private func read(_ text: String) throws -> Recipe {
    try Recipe(json: JSON(parsing: text, subject: "mine.json"), name: "mine", subject: "mine.json")
  }

  @Test func `A recipe that is printed and read again is the same recipe`() throws {
    var odd = Recipe.cifar
    (odd.epochs, odd.warmUpEpochs, odd.learningRate) = (8, 6.5, 0.1 + 0.2)
    odd.decay = .step(at: [], factor: 1e-7)
    odd.stopAtAccuracy = 0.95
    let losses: [LabelLoss] = [
      .crossEntropy(temperature: 3), .crossEntropy(temperature: 2, smoothing: 0.1), .hinge(margin: 0),
      .squared(.half, targetScale: 1.0 / 3), .squared(),
    ]
    let recipes = losses.map { loss in
      var recipe = odd
      recipe.loss = loss
      return recipe
    }
    for recipe in Recipe.all + recipes {
      #expect(try read(recipe.json.canonical) == recipe)
      #expect(try read(recipe.json.indented) == recipe)
    }
  }

  @Test func `What a file leaves out is the base's, and the name is the file's`() throws {
    var expected = Recipe.extreme
    (expected.name, expected.batchSize, expected.loss) = ("mine", 64, .squared(.half))
    let text = #"{"base": "extreme", "batch_size": 64, "loss": {"kind": "squared", "factor": "half"}}"#
    #expect(try read(text) == expected)
    expected = .quick
    expected.name = "other"
    #expect(try read(#"{"name": "other"}"#) == expected)
  }

  @Test func `A file with fewer epochs than its base warms up for a quarter of them unless it says how long`() throws {
    #expect(try read(#"{"base": "cifar", "epochs": 40}"#).warmUpEpochs == 10)
    #expect(try read(#"{"base": "cifar", "epochs": 400}"#).warmUpEpochs == 15)
    #expect(try read(#"{"base": "cifar", "epochs": 40, "warm_up_epochs": 15}"#).warmUpEpochs == 15)
  }

  @Test func `What is not used stands in no recipe, so that older cells keep their digests`() {
    for recipe in Recipe.all {
      #expect(recipe.json["stop_at_accuracy"] == nil)
      #expect(recipe.json["loss"] == ["kind": "cross-entropy", "temperature": 1])
    }
    var recipe = Recipe.quick
    (recipe.loss, recipe.stopAtAccuracy) = (.crossEntropy(smoothing: 0.1), 0.9)
    #expect(recipe.json["stop_at_accuracy"] == 0.9)
    #expect(recipe.json["loss"] == ["kind": "cross-entropy", "temperature": 1, "label_smoothing": 0.1])
  }

  @Test func `Step decay takes a tenth where no factor is named`() throws {
    #expect(try read(#"{"decay": {"kind": "step", "epochs": [3, 4.5]}}"#).decay == .step(at: [3, 4.5], factor: 0.1))
  }

  @Test(arguments: [
    (#"[1]"#, "holds no JSON object"), (#"{"epoch": 3}"#, #"there is no "epoch" in a recipe; there are augmentation,"#),
    (#"{"base": "grandmother"}"#, #""base" must be one of quick, cifar, tiny-imagenet, extreme"#),
    (#"{"epochs": 1.5}"#, #""epochs" must be a whole number"#), (#"{"epochs": "3"}"#, #""epochs" must be"#),
    (#"{"epochs": null}"#, #""epochs" must be"#), (#"{"epochs": 0}"#, #""epochs" must be from 1 to 1000000"#),
    (#"{"epochs": 1e300}"#, #""epochs" must be a whole number"#),
    (#"{"batch_size": -1}"#, #""batch_size" must"#),
    (#"{"learning_rate": -1}"#, #""learning_rate" must be 0 or above"#),
    (#"{"learning_rate": true}"#, #""learning_rate" must be a number"#),
    (#"{"warm_up_epochs": 31}"#, #""warm_up_epochs" must be from 0"#), (#"{"momentum": 1}"#, #""momentum" must be"#),
    (#"{"momentum": 0}"#, #""nesterov" needs a momentum above 0"#), (#"{"nesterov": 1}"#, #""nesterov" must be true"#),
    (#"{"decay": "step"}"#, #""decay" is no JSON object"#), (#"{"decay": {}}"#, #""decay.kind" is missing"#),
    (#"{"decay": {"kind": "step"}}"#, #""decay.epochs" is missing; it must be a list of numbers"#),
    (#"{"decay": {"kind": "step", "epochs": [1, "2"]}}"#, #""decay.epochs" must be a list"#),
    (#"{"decay": {"kind": "step", "epochs": [-1]}}"#, #""decay.epochs" takes"#),
    (#"{"decay": {"kind": "step", "epochs": [], "factor": 0}}"#, #""decay.factor" must be above 0"#),
    (#"{"decay": {"kind": "cosine", "factor": 1}}"#, #"there is no "decay.factor" in a recipe; there are kind"#),
    (#"{"loss": {"kind": "hinge", "temperature": 1}}"#, #"there is no "loss.temperature""#),
    (#"{"loss": {"kind": "hinge", "margin": -1}}"#, #""loss.margin" must be"#),
    (#"{"loss": {"kind": "squared", "factor": "third"}}"#, #""loss.factor" must be one of mean, half"#),
    (#"{"loss": {"kind": "squared", "target_scale": 0}}"#, #""loss.target_scale" must be above 0"#),
    (#"{"loss": {"kind": "cross-entropy", "temperature": 0}}"#, #""loss.temperature" must be above 0"#),
    (#"{"loss": {"kind": "cross-entropy", "label_smoothing": 1}}"#, #""loss.label_smoothing" must be from 0 up to"#),
    (#"{"loss": {"kind": "squared", "label_smoothing": 0.1}}"#, #"there is no "loss.label_smoothing""#),
    (#"{"stop_at_accuracy": 0}"#, #""stop_at_accuracy" must be above 0"#),
    (#"{"stop_at_accuracy": 90}"#, #""stop_at_accuracy" must be above 0, and 1 at most"#),
    (#"{"loss": {"kind": "log"}}"#, #""loss.kind" must be one of cross-entropy, hinge, squared"#),
    (#"{"augmentation": "blur"}"#, #""augmentation" must be one of none, pad-crop-flip"#),
    (#"{"standardisation": 3}"#, #""standardisation" must be one of"#), (#"{"test_every": 0}"#, #""test_every" must"#),
    (#"{"weight_decay": []}"#, #""weight_decay" must be a number"#), (#"{"name": 3}"#, #""name" must be text"#),
  ])
  func `What no recipe can have is refused by key`(text: String, problem: String) {
    #expect {
      try read(text)
    } throws: { error in
      guard let failure = error as? Failure else { return false }
      return failure.status == .badData && failure.description.hasPrefix("mine.json: \(problem)")
    }
  }
}
