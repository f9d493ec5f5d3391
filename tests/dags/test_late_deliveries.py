"""A late delivery is waited for without a slot; what came puts its counts on the asset's event."""


def test_a_scheduled_run_waits_for_its_delivery_and_no_other_does(in_airflow):
    assert in_airflow("late_deliveries.py") == {
        "late": "waits",
        "too late": "fails",
        "by hand": "fails",
        "back-fill": "fails",
        "here": {"source": "a", "rows": 3},
    }
