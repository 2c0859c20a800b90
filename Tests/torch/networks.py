"""rote's networks in PyTorch, by rote's labels, with the names of tensors that rote's files have.

    python Tests/torch/networks.py

`network("resnet-20 shortcut=B")` is a module; those that torchvision has are torchvision's. As a program this prints
the parameter counts of all of them, and holds those that were published, or that follow from the papers, against what
is built. Needs torch, and torchvision for its networks.
"""

import sys

import torch
import torch.nn.functional as F
from torch import nn

# 50 and 152 are 6n + 2, too: by these names rote means the networks for ImageNet.
TORCHVISION_DEPTHS = (18, 34, 50, 101, 152)


class Sine(nn.Module):
    def forward(self, x):
        return x.sin()


ACTIVATIONS = {"relu": nn.ReLU, "sin": Sine, "sigmoid": nn.Sigmoid, "linear": nn.Identity}


class MLP(nn.Module):
    """Two dense layers without biases, of the image flattened in (y, x, channel) order: Mehta et al. 2021."""

    def __init__(self, inputs, classes, width, activation):
        super().__init__()
        self.fc1 = nn.Linear(inputs, width, bias=False)
        self.activation = ACTIVATIONS[activation]()
        self.fc2 = nn.Linear(width, classes, bias=False)

    def forward(self, x):
        return self.fc2(self.activation(self.fc1(x.permute(0, 2, 3, 1).flatten(1))))


class ConvNet(nn.Module):
    """Two convolutions with max-pooling and two dense layers: Mehta et al. 2021."""

    def __init__(self, image, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(image[0], 32, 5, padding=2)
        self.conv2 = nn.Conv2d(32, 64, 5)
        self.relu = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(3, 2)
        with torch.no_grad():
            features = self.features(torch.zeros(1, *image)).shape[1]
        self.fc1 = nn.Linear(features, 1024)
        self.fc2 = nn.Linear(1024, classes)

    def features(self, x):
        x = self.pool(self.relu(self.conv1(x)))
        return self.pool(self.relu(self.conv2(x))).flatten(1)

    def forward(self, x):
        return self.fc2(self.relu(self.fc1(self.features(x))))


class ZeroPadding(nn.Module):
    """Shortcut "option A" of He et al. 2016: every stride-th pixel, and zero channels before and after."""

    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.stride = stride
        self.before, self.after = (channels - inputs) // 2, (channels - inputs + 1) // 2

    def forward(self, x):
        return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.before, self.after))


class Block(nn.Module):
    """He et al. 2016: two 3x3 convolutions with batch-norm, added to the shortcut."""

    def __init__(self, inputs, channels, stride, shortcut):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = nn.Identity()
        if stride != 1 or channels != inputs:
            self.downsample = ZeroPadding(inputs, channels, stride) if shortcut == "A" else nn.Sequential(
                nn.Conv2d(inputs, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + self.downsample(x))


class PreactivationBlock(nn.Module):
    """He et al. 2016b, "Identity mappings": batch-norm and ReLU come before each convolution, and before a shortcut that
    changes the shape."""

    def __init__(self, inputs, channels, stride, shortcut):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(inputs)
        self.conv1 = nn.Conv2d(inputs, channels, 3, stride, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = None
        if stride != 1 or channels != inputs:
            self.downsample = ZeroPadding(inputs, channels, stride) if shortcut == "A" else nn.Sequential(
                nn.Conv2d(inputs, channels, 1, stride, bias=False))

    def forward(self, x):
        y = self.relu(self.bn1(x))
        x = x if self.downsample is None else self.downsample(y)
        return self.conv2(self.relu(self.bn2(self.conv1(y)))) + x


class ResNet(nn.Module):
    """The residual networks for CIFAR, of 6n + 2 layers in three stages."""

    def __init__(self, depth, classes, shortcut="A", channels=16, image_channels=3, preactivation=False):
        super().__init__()
        self.conv1 = nn.Conv2d(image_channels, channels, 3, 1, 1, bias=False)
        if not preactivation:
            self.bn1 = nn.BatchNorm2d(channels)
        block = PreactivationBlock if preactivation else Block
        inputs = channels
        for stage in (1, 2, 3):
            layer = []
            for position in range((depth - 2) // 6):
                outputs = channels << stage - 1
                layer.append(block(inputs, outputs, 2 if stage > 1 and position == 0 else 1, shortcut))
                inputs = outputs
            setattr(self, f"layer{stage}", nn.Sequential(*layer))
        if preactivation:
            self.bn = nn.BatchNorm2d(inputs)
        self.relu = nn.ReLU(inplace=True)
        self.fc = nn.Linear(inputs, classes)
        self.preactivation = preactivation

    def forward(self, x):
        x = self.conv1(x)
        if not self.preactivation:
            x = self.relu(self.bn1(x))
        x = self.layer3(self.layer2(self.layer1(x)))
        if self.preactivation:
            x = self.relu(self.bn(x))
        return self.fc(x.mean((2, 3)))


def like(convolution, inputs, kernel=None, stride=None):
    """A first convolution for images of another number of channels, or of another kernel and stride."""
    kernel = kernel or convolution.kernel_size[0]
    return nn.Conv2d(
        inputs, convolution.out_channels, kernel, stride or convolution.stride, kernel // 2, bias=False)


def torchvision_network(name, classes, channels, stem, width):
    """One of torchvision's. With the small stem the first layers do not reduce the image."""
    from torchvision import models

    small = {"kernel": 3, "stride": 1} if stem == "small" else {}
    if name.startswith("mobilenet"):
        # rote has no dropout.
        build = getattr(models, name.replace("-", "_"))
        model = build(weights=None, num_classes=classes, width_mult=width, dropout=0)
        model.features[0][0] = like(model.features[0][0], channels, **small)
    elif name.startswith("densenet"):
        model = models.densenet121(weights=None, num_classes=classes)
        model.features.conv0 = like(model.features.conv0, channels, **small)
        if small:
            del model.features.pool0
    else:
        model = getattr(models, name.replace("-", ""))(weights=None, num_classes=classes)
        model.conv1 = like(model.conv1, channels, **small)
        if small:
            model.maxpool = nn.Identity()
    return model


def network(label, classes=10, image=(3, 32, 32)):
    """The module that a label names, such as "mobilenet-v3-small width=0.5", for images (channel, y, x)."""
    name, *words = label.split()
    options = dict(word.split("=", 1) for word in words)

    def option(key, default, *choices):
        value = options.pop(key, default)
        if choices and value not in choices:
            raise ValueError(f"{label}: {key} is one of {', '.join(choices)}")
        return value

    depth, _, version = name.removeprefix("resnet-").partition("-")
    if name == "mlp":
        inputs = image[0] * image[1] * image[2]
        model = MLP(inputs, classes, int(option("width", 1024)), option("activation", "relu", *ACTIVATIONS))
    elif name == "convnet":
        model = ConvNet(image, classes)
    elif name == "densenet-121" or name in [f"resnet-{depth}" for depth in TORCHVISION_DEPTHS]:
        model = torchvision_network(name, classes, image[0], option("stem", "imagenet", "imagenet", "small"), 1)
    elif name in ("mobilenet-v3-small", "mobilenet-v3-large"):
        stem, width = option("stem", "imagenet", "imagenet", "small"), float(option("width", 1))
        model = torchvision_network(name, classes, image[0], stem, width)
    elif name.startswith("resnet-") and depth.isdigit() and int(depth) % 6 == 2 and version in ("", "v2"):
        channels = int(16 * float(option("width", 1)) + 0.5)
        model = ResNet(
            int(depth), classes, option("shortcut", "A", "A", "B"), channels, image[0], preactivation=version == "v2")
    else:
        raise ValueError(f"{name}: no network of rote's")
    if options:
        raise ValueError(f"{label}: {', '.join(options)} is no option of {name}")
    return model


def parameter_count(model):
    return sum(parameter.numel() for parameter in model.parameters())


# Labels, numbers of classes and parameters. He et al. 2016, section 4.2, for the networks for CIFAR (option A); Mehta et
# al. 2021 for the MLP and the ConvNet; torchvision for the others, with the last layer for so many classes.
PUBLISHED = {
    ("mlp", 10): 3_155_968,
    ("convnet", 10): 1_703_370,
    ("resnet-8", 10): 75_290,
    ("resnet-14", 10): 172_506,
    ("resnet-20", 10): 269_722,
    ("resnet-32", 10): 464_154,
    ("resnet-44", 10): 658_586,
    ("resnet-56", 10): 853_018,
    ("resnet-110", 10): 1_727_962,
    ("resnet-18", 200): 11_279_112,
    ("resnet-34", 200): 21_387_272,
    ("resnet-50", 200): 23_917_832,
    ("resnet-101", 200): 42_909_960,
    ("resnet-152", 200): 58_553_608,
    ("mobilenet-v3-small width=0.35", 200): 269_944,
    ("mobilenet-v3-small width=0.5", 200): 506_864,
    ("mobilenet-v3-small width=0.75", 200): 1_038_720,
    ("mobilenet-v3-small", 200): 1_722_856,
    ("mobilenet-v3-small width=1.25", 200): 2_620_112,
    ("mobilenet-v3-large width=0.35", 200): 637_864,
    ("mobilenet-v3-large width=0.5", 200): 1_221_776,
    ("mobilenet-v3-large width=0.75", 200): 2_608_776,
    ("mobilenet-v3-large", 200): 4_458_232,
    ("mobilenet-v3-large width=1.25", 200): 6_883_944,
    ("resnet-50", 10): 23_528_522,
    ("densenet-121", 10): 6_964_106,
}
# Others, whose numbers are only shown.
VARIANTS = (
    [(f"resnet-{depth}{options}", 10) for options in (" shortcut=B", "-v2", "-v2 shortcut=B") for depth in (8, 20, 56)]
    + [(f"{name} stem=small", 10) for name in ("densenet-121", "resnet-18", "resnet-50")]
    + [(f"mobilenet-v3-{size} stem=small", 10) for size in ("small", "large")]
)


def main():
    wrong = 0
    print(f"{'network':34}{'classes':>8}{'parameters':>12}")
    for label, classes in [*PUBLISHED, *VARIANTS]:
        count = parameter_count(network(label, classes))
        expected = PUBLISHED.get((label, classes), count)
        wrong += count != expected
        print(f"{label:34}{classes:8}{count:12,}" + ("" if count == expected else f"  NOT {expected:,}"))
    print(f"{wrong} differ from the {len(PUBLISHED)} that are known")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
