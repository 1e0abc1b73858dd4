print("moonglass")
