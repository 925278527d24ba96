import torch

from training.diffusion import diffusion_sample, draw_time, flow_loss, integrate


def test_the_straight_velocity_has_no_loss_and_leads_to_the_data():
    data, noise = torch.randn(6, 10, 7), torch.randn(6, 10, 7)
    time = draw_time(6, torch.device('cpu'))

    def velocity(x, t):
        return (data - x) / (1 - t[:, None, None])

    assert flow_loss(velocity, data, noise, time).max() < 1e-8
    torch.testing.assert_close(integrate(velocity, noise, steps=4), data)


def test_diffusion_and_flow_sample_the_same_distribution():
    """For data from N(μ, s²) the flow's velocity is known: E[x − ε | x_t]."""
    mean, spread = 0.7, 0.4

    def velocity(x, t):
        t = t[:, None, None]
        variance = t * t * spread**2 + (1 - t) ** 2
        gain = (t * spread**2 - (1 - t)) / variance
        return mean + gain * (x - t * mean)

    torch.manual_seed(0)
    noise = torch.randn(4000, 1, 1)
    for samples in (diffusion_sample(velocity, noise, steps=400), integrate(velocity, noise, steps=400)):
        torch.testing.assert_close(samples.mean(), torch.tensor(mean), atol=0.02, rtol=0)
        torch.testing.assert_close(samples.std(), torch.tensor(spread), atol=0.02, rtol=0)


def test_times_lie_in_the_unit_interval_and_favour_noise():
    time = draw_time(10000, torch.device('cpu'), torch.Generator().manual_seed(0))
    assert time.min() >= 0 and time.max() <= 1
    torch.testing.assert_close(time.mean(), torch.tensor(0.4), rtol=0.02, atol=0)
