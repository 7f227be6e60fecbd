"""PyTorch's training step of the ResNet-18 of `tools/bench`: forward, backward and SGD with momentum.

    python tools/reference/bench_resnet18.py THREADS STEPS imagenet|cifar

torchvision's network on 64 images of 32 x 32 and 10 classes, with its own stem or that for CIFAR.
Prints PyTorch's version, then answers every line on its standard input by the seconds of STEPS steps.
"""
import sys

import torch
import torchvision

import bench_serving

threads, steps, stem = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
torch.set_num_threads(threads)
torch.manual_seed(0)
model = torchvision.models.resnet18(num_classes=10)
if stem == "cifar":
    model.conv1 = torch.nn.Conv2d(3, 64, 3, 1, 1, bias=False)
    model.maxpool = torch.nn.Identity()
batches = [(torch.rand(64, 3, 32, 32), torch.randint(0, 10, (64,))) for _ in range(steps)]
measured_round = bench_serving.classifier_round(model, batches)
measured_round()
bench_serving.serve(lambda: steps * measured_round())
