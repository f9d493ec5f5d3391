"""The page that the plugin adds: for users of Airflow only, and no burden on tasks."""


def test_the_page_shows_counts_to_those_who_may_see_them(in_airflow):
    shown = in_airflow("show_page.py")
    assert shown["as_nobody"] == 401
    assert shown["as_somebody"] == 200
    assert "1,234" in shown["page"]
    assert "自然人 999" in shown["page"]
    assert "&lt;b&gt;" in shown["page"]  # names are text, never markup
    assert not shown["loaded_for_every_task"]
