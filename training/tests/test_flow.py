import torch

from training.flow import draw_time, flow_loss, integrate


def test_the_straight_velocity_has_no_loss_and_leads_to_the_data():
    data, noise = torch.randn(6, 10, 7), torch.randn(6, 10, 7)
    time = draw_time(6, torch.device('cpu'))

    def velocity(x, t):
        return (data - x) / (1 - t[:, None, None])

    assert flow_loss(velocity, data, noise, time) < 1e-8
    torch.testing.assert_close(integrate(velocity, noise, steps=4), data)


def test_times_lie_in_the_unit_interval_and_favour_noise():
    time = draw_time(10000, torch.device('cpu'), torch.Generator().manual_seed(0))
    assert time.min() >= 0 and time.max() <= 1
    torch.testing.assert_close(time.mean(), torch.tensor(0.4), rtol=0.02, atol=0)
