"""Records of persons for examples."""

POLICE = "public_security__household_registration"
INSURANCE = "human_resources__social_insurance"
HEALTH = "health__medical_records"
MARRIAGE = "civil_affairs__marriages"
SCHOOL = "education__students"


def record(source, name, number=None, birth=None, **more):
    """A record; a number also gives what its parser reads out of it."""
    implied = {}
    if number:
        digits = number[6:14]
        implied = {
            "citizen_id": number,
            "citizen_id_birth_date": f"{digits[:4]}-{digits[4:6]}-{digits[6:]}",
            "citizen_id_sex_code": "1" if int(number[16]) % 2 else "2",
        }
    return {"source": source, "person_name": name, "birth_date": birth, **implied, **more}
