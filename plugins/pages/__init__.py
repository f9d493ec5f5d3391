"""Pages inside Airflow. Not plugins themselves: see ``.airflowignore`` beside this folder."""
