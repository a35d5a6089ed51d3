"""What is scored and what is answered, as columns and one by one."""
