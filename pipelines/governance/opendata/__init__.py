"""Open data sets (公共数据集): declared, de-identified, checked for disclosure."""
